//! What `sanitize.sh` builds with the sanitizers of rustc: every condition, and for each sanitizer one probe that it must
//! report. Without a sanitizer the conditions still prove themselves.
#![cfg_attr(rtsan, feature(sanitize))]

mod stage;

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::thread;

use sdl_callback_audio::rt::callback::Callback;
use stage::conditions::ALL;

const BLOCKS: u64 = 5_000;

/// The audio thread as the real-time sanitizer sees it: from here on nothing may allocate, lock or block.
#[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
fn audio_thread(callback: &mut Callback, block: &mut [u8]) {
    stage::run(callback, block);
}

#[test]
fn every_condition_runs_without_a_report() {
    let mut callbacks = 0;
    for condition in ALL {
        let mut run = |callback: &mut Callback, block: &mut [u8]| {
            audio_thread(callback, block);
            callbacks += 1;
        };
        (condition.run)(&mut run, BLOCKS);
    }
    println!("{callbacks} callbacks in {} conditions", ALL.len());
    assert!(callbacks >= BLOCKS * ALL.len() as u64);
}

#[test]
#[ignore = "must be reported: sanitize.sh runs it with the thread sanitizer"]
fn probe_of_the_thread_sanitizer() {
    struct Shared(UnsafeCell<u64>);
    // SAFETY: it is not: two threads write at once, which is what the sanitizer must see.
    unsafe impl Sync for Shared {}
    let shared = Shared(UnsafeCell::new(0));
    let race = |shared: &Shared| {
        for at in 0..10_000 {
            // SAFETY: there is none, as said.
            unsafe { *black_box(shared.0.get()) += at };
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| race(&shared));
        race(&shared);
    });
}

#[test]
#[ignore = "must be reported: sanitize.sh runs it with the real-time sanitizer"]
fn probe_of_the_realtime_sanitizer() {
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    fn allocates() -> Box<u64> {
        black_box(Box::new(1))
    }
    allocates();
}

#[test]
#[ignore = "must be reported: sanitize.sh runs it with the address sanitizer"]
fn probe_of_the_address_sanitizer() {
    let gone = black_box(&*Box::new(1u64)) as *const u64;
    // SAFETY: it is not: the box is freed, which is what the sanitizer must see.
    assert!(unsafe { black_box(gone).read() } < 2);
}
