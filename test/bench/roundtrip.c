/* roundtrip FRAMES WARM_MS PROBES SECONDS: the bare floor that everything else is measured against. Two SDL2 devices in
 * callback mode, nothing in between: now and then the playback callback emits a burst, and the capture callback notes when
 * it hears it. Then it only counts, for SECONDS, how evenly the playback callback comes. Prints one line of JSON. */

#include <SDL.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { FREQUENCY = 48000, CHANNELS = 2, BURST_FRAMES = 32, MAX_CALLBACKS = 1 << 16, GIVE_UP_MS = 1000 };
static const float LEVEL = 0.8f, HEARD = 0.25f;

static atomic_bool armed, listening, timing;
static _Atomic long long heard_at;
static long long starts[MAX_CALLBACKS], ends[MAX_CALLBACKS];
static atomic_int callbacks;

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void SDLCALL play(void *unused, Uint8 *bytes, int length) {
    long long start = now_ns();
    float *out = (float *)bytes;
    (void)unused;
    SDL_memset(bytes, 0, (size_t)length);
    if (atomic_exchange(&armed, false))
        for (int sample = CHANNELS; sample < (BURST_FRAMES + 1) * CHANNELS; sample++) out[sample] = LEVEL;
    int n = atomic_load(&callbacks);
    if (atomic_load(&timing) && n < MAX_CALLBACKS) {
        starts[n] = start;
        ends[n] = now_ns();
        atomic_store(&callbacks, n + 1);
    }
}

static void SDLCALL capture(void *unused, Uint8 *bytes, int length) {
    const float *in = (const float *)bytes;
    (void)unused;
    if (!atomic_load(&listening)) return;
    for (int sample = 0; sample < length / (int)sizeof *in; sample++) {
        if (in[sample] > HEARD) {
            atomic_store(&heard_at, now_ns());
            atomic_store(&listening, false);
            return;
        }
    }
}

static SDL_AudioDeviceID open_device(int is_capture, int frames, SDL_AudioCallback callback) {
    SDL_AudioSpec want = { .freq = FREQUENCY, .format = AUDIO_F32SYS, .channels = CHANNELS, .callback = callback };
    want.samples = (Uint16)frames;
    SDL_AudioDeviceID id = SDL_OpenAudioDevice(NULL, is_capture, &want, NULL, 0);
    if (id == 0) {
        fprintf(stderr, "error: %s\n", SDL_GetError());
        exit(1);
    }
    SDL_PauseAudioDevice(id, 0);
    return id;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_quantiles(const char *name, double *us, int count) {
    qsort(us, (size_t)count, sizeof *us, by_size);
    printf(", \"%s\": {\"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f}", name, us[count / 2], us[count * 99 / 100],
           us[count - 1]);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int frames = atoi(argv[1]), warm_ms = atoi(argv[2]), probes = atoi(argv[3]), seconds = atoi(argv[4]);
    static double us[MAX_CALLBACKS];

    if (SDL_Init(SDL_INIT_AUDIO) != 0) {
        fprintf(stderr, "error: %s\n", SDL_GetError());
        return 1;
    }
    long long begun_at = now_ns();
    srand((unsigned)begun_at);
    open_device(1, frames, capture);
    open_device(0, frames, play);
    SDL_Delay((Uint32)warm_ms);

    printf("{\"latencyMs\": [");
    for (int probe = 0, printed = 0; probe < probes; probe++) {
        SDL_Delay(40 + (Uint32)(rand() % 50));
        atomic_store(&listening, true);
        long long emitted_at = now_ns();
        atomic_store(&armed, true);
        for (int waited = 0; waited < GIVE_UP_MS && atomic_load(&listening); waited++) SDL_Delay(1);
        if (atomic_load(&listening)) continue;
        printf("%s%.3f", printed++ ? ", " : "", (atomic_load(&heard_at) - emitted_at) / 1e6);
    }
    printf("]");

    if (seconds > 0) {
        atomic_store(&timing, true);
        SDL_Delay((Uint32)seconds * 1000);
        atomic_store(&timing, false);
        int count = atomic_load(&callbacks);
        if (count < 2) {
            fprintf(stderr, "error: no callbacks\n");
            return 1;
        }
        for (int i = 1; i < count; i++) us[i - 1] = (starts[i] - starts[i - 1]) / 1e3;
        print_quantiles("intervalUs", us, count - 1);
        for (int i = 0; i < count; i++) us[i] = (ends[i] - starts[i]) / 1e3;
        print_quantiles("durationUs", us, count);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf(", \"cpuPercent\": %.1f}\n", 100 * cpu / ((now_ns() - begun_at) / 1e9));
    fflush(stdout);
    _Exit(0);
}
