/**
 * Makes `@kmamal/sdl` mean this package in the thread that loads it: import it before `webaudio-node`. Where the program that
 * imports it lies in an unusual place, call it with the name of that file.
 */
declare const register: (from: string) => void
export = register
