/* What @kmamal/sdl's sources name and SDL before 2.28 lacks, none of it audio; included ahead of every file of it. */
#include <SDL_version.h>

#if !SDL_VERSION_ATLEAST(2, 28, 0)
#define SDL_DISPLAYEVENT_MOVED 4
#endif
#if !SDL_VERSION_ATLEAST(2, 30, 0)
#define SDL_CONTROLLERSTEAMHANDLEUPDATED 0x65B
#define SDL_GameControllerGetSteamHandle(controller) 0
#endif
