//! Never built into anything: with `--cfg fence_probe` each line below must be refused by the lints of this room, and a test
//! counts that they are.

use std::sync::Mutex;

pub fn probe(ring: &[f32], lock: &Mutex<f32>) -> f32 {
    let boxed = Box::new(1.0f32);
    let grown: Vec<f32> = Vec::with_capacity(4);
    let text = format!("{}", grown.len());
    println!("{text}");
    std::thread::sleep(std::time::Duration::ZERO);
    let held = lock.lock().unwrap();
    drop(boxed);
    if text.is_empty() {
        panic!("never");
    }
    *held + ring[0] + ring.first().copied().expect("a frame")
}
