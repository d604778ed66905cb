//! Never built into anything: with `--cfg fence_probe` each marked line must be refused by the lints of this room for the
//! reason that stands beside it, and a test counts that they are.

fn breaks_every_rule(ring: &[f32], at: usize) {
    let boxed = Box::new(1.0f32); // `std::boxed::Box::new`
    let lock = std::sync::Mutex::new(1.0f32); // `std::sync::Mutex`
    println!("{at}"); // `std::println`
    let one = ring.first().unwrap(); // `unwrap()`
    let two = ring.last().expect("a frame"); // `expect()`
    let three = ring[at]; // indexing may panic
    std::mem::forget(boxed); // `mem::forget`
    panic!("never"); // `panic` should not
}
