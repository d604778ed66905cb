//! The fourth wall round `rt/`: a million callbacks, and not one of them allocates, frees, locks, waits, prints or makes a
//! system call but the wake of somebody who sleeps. The first test shows that the tripwire hears all of that.
#![cfg(target_os = "linux")]

#[path = "tripwire/counting.rs"]
mod counting;
mod stage;

use std::hint::black_box;
use std::io::{IoSlice, Write};
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use counting::{Counts, WAITS_BEGUN, watch};
use sdl_callback_audio::link::hush::Hush;
use sdl_callback_audio::link::wake::Bell;
use stage::STEREO;
use stage::conditions::ALL;

const CALLBACKS: u64 = 1_000_000;

const NOTHING: Counts = Counts::NONE;

/// Does `here` on another thread, which has to wait for a futex until `then` is done; returns what `here` was heard to do.
fn heard_waiting(here: impl FnOnce() + Send, then: impl FnOnce()) -> Counts {
    let before = WAITS_BEGUN.load(Ordering::SeqCst);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| watch(here).1);
        while WAITS_BEGUN.load(Ordering::SeqCst) == before {
            std::hint::spin_loop();
        }
        then();
        waiting.join().expect("it does not panic")
    })
}

#[test]
fn the_tripwire_hears_everything_that_it_is_there_for() {
    let (boxed, heard) = watch(|| black_box(Box::new(1)));
    assert_eq!(heard, Counts { allocations: 1, ..NOTHING });
    let ((), heard) = watch(|| drop(boxed));
    assert_eq!(heard, Counts { frees: 1, ..NOTHING });
    let mut grown = Vec::with_capacity(1);
    let ((), heard) = watch(|| grown.extend_from_slice(black_box(&[1, 2])));
    assert_eq!(heard, Counts { allocations: 1, frees: 1, ..NOTHING });

    let text = b"this line is printed so that the tripwire can hear it\n";
    let (written, heard) = watch(|| std::io::stderr().write(text).is_ok());
    assert_eq!((written, heard), (true, Counts { prints: 1, ..NOTHING }));
    let (written, heard) =
        watch(|| std::io::stderr().write_vectored(&[IoSlice::new(b"and "), IoSlice::new(text)]).is_ok());
    assert_eq!((written, heard), (true, Counts { prints: 1, ..NOTHING }));

    let mut lock = libc::PTHREAD_MUTEX_INITIALIZER;
    // SAFETY: the mutex is fresh and stays where it is.
    let (locked, heard) = watch(|| unsafe { libc::pthread_mutex_lock(&raw mut lock) });
    assert_eq!((locked, heard), (0, Counts { locks: 1, ..NOTHING }));

    let held = Mutex::new(());
    let holding = held.lock().expect("nobody panics");
    let heard = heard_waiting(|| drop(held.lock()), || drop(holding));
    assert!(heard.waits >= 1, "a lock of std that somebody holds: {heard:?}");

    let bell = Bell::new();
    let ((), heard) = watch(|| bell.ring());
    assert_eq!(heard, NOTHING, "nobody sleeps");
    let ring = || assert_eq!(watch(|| bell.ring()).1, Counts { wakes: 1, ..NOTHING });
    let heard = heard_waiting(|| bell.wait(bell.listen(), Duration::from_secs(60)), ring);
    assert_eq!(heard, Counts { waits: 1, ..NOTHING });

    let ((), heard) = watch(|| thread::sleep(Duration::from_nanos(1)));
    assert_eq!(heard, Counts { sleeps: 1, ..NOTHING });
    let ((), heard) = watch(thread::yield_now);
    assert_eq!(heard, Counts { sleeps: 1, ..NOTHING });
    // SAFETY: has no conditions.
    let (_, heard) = watch(|| unsafe { libc::syscall(libc::SYS_gettid) });
    assert_eq!(heard, Counts { other_system_calls: 1, ..NOTHING });
}

#[test]
fn a_million_callbacks_do_nothing_but_compute_and_wake_sleepers() {
    let (mut callbacks, mut total) = (0, NOTHING);
    for condition in ALL {
        let mut heard = NOTHING;
        let mut run = |callback: &mut _, block: &mut [u8]| {
            let ((), of_block) = watch(|| stage::run(callback, block));
            assert!(of_block.wakes <= 2, "one wake for each bell at most: {of_block:?}");
            heard = heard.plus(of_block);
            callbacks += 1;
        };
        (condition.run)(&mut run, CALLBACKS.div_ceil(ALL.len() as u64));
        assert_eq!(Counts { wakes: 0, ..heard }, NOTHING, "{}", condition.name);
        assert_eq!(heard.wakes > 0, condition.wakes, "{}: {heard:?}", condition.name);
        total = total.plus(heard);
    }
    assert!(callbacks >= CALLBACKS);
    let line = format!("tripwire: {callbacks} callbacks in {} conditions: {total:?}\n", ALL.len());
    std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
}

#[test]
fn a_panic_costs_what_the_standard_library_takes_for_it_prints_nothing_and_is_followed_by_silence() {
    let mut device = stage::playback(STEREO, stage::SECOND);
    device.writer.push(&[0x21; 4096]);
    device.hear(64);
    device.callback.processor = stage::panicking();
    let mut block = [0x21; 256];

    let hush = Hush::new();
    let bare_panic = || {
        hush.begin();
        let payload = catch_unwind(|| black_box(1) / black_box(0));
        hush.end();
        std::mem::forget(payload);
    };
    // The first panic of a process sets up what later ones find.
    bare_panic();
    let ((), of_std) = watch(bare_panic);
    let ((), heard) = watch(|| stage::run(&mut device.callback, &mut block));
    assert!(device.shared.control.failed.get());
    assert_eq!(heard, of_std);
    assert_eq!(Counts { allocations: 0, frees: 0, ..heard }, NOTHING);
    assert_eq!(block, [0; 256]);

    for _ in 0..10_000 {
        block.fill(0x21);
        let ((), heard) = watch(|| stage::run(&mut device.callback, &mut block));
        assert_eq!((heard, block), (NOTHING, [0; 256]));
    }
    let line =
        format!("tripwire: one caught panic: {of_std:?}, all of it inside std; nothing in the 10000 blocks after it\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
}
