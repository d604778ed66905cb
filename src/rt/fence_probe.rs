//! Never built into anything: with `--cfg fence_probe` each marked line must be refused by the lints of this room for the
//! reason that stands beside it, and a test counts that they are.

struct Held {
    mutex: std::sync::Mutex<f32>,                 // `std::sync::Mutex`
    rw_lock: std::sync::RwLock<f32>,              // `std::sync::RwLock`
    condvar: std::sync::Condvar,                  // `std::sync::Condvar`
    once: std::sync::Once,                        // `std::sync::Once`
    once_lock: std::sync::OnceLock<f32>,          // `std::sync::OnceLock`
    lazy_lock: std::sync::LazyLock<f32>,          // `std::sync::LazyLock`
    sender: std::sync::mpsc::Sender<f32>,         // `std::sync::mpsc::Sender`
    bounded: std::sync::mpsc::SyncSender<f32>,    // `std::sync::mpsc::SyncSender`
    receiver: std::sync::mpsc::Receiver<f32>,     // `std::sync::mpsc::Receiver`
    vec: Vec<f32>,                                // `std::vec::Vec`
    string: String,                               // `std::string::String`
    hash_map: std::collections::HashMap<u8, f32>, // `std::collections::HashMap`
    deque: std::collections::VecDeque<f32>,       // `std::collections::VecDeque`
    b_tree: std::collections::BTreeMap<u8, f32>,  // `std::collections::BTreeMap`
    rc: std::rc::Rc<f32>,                         // `std::rc::Rc`
}

fn allocates_and_frees(ring: &[f32], raw: *mut f32) {
    let boxed = Box::new(1.0f32); // `std::boxed::Box::new`
    // SAFETY: never run.
    let raw = unsafe { Box::from_raw(raw) }; // `std::boxed::Box::from_raw`
    drop(boxed); // `std::mem::drop`
    std::mem::forget(raw); // `mem::forget`
    let shared = std::sync::Arc::new(1.0f32); // `std::sync::Arc::new`
    let places = std::sync::Arc::<[f32]>::new_uninit_slice(4); // `std::sync::Arc::new_uninit_slice`
    let boxed: Box<[f32]> = ring.iter().copied().collect(); // `std::iter::Iterator::collect`
    let lane = ringbuf::HeapRb::<f32>::new(4); // `ringbuf::SharedRb::new`
    let lane = ringbuf::HeapRb::<f32>::try_new(4); // `ringbuf::SharedRb::try_new`
    let mut grown = Vec::with_capacity(4); // `std::vec::Vec::with_capacity`
    grown.push(1.0f32); // `std::vec::Vec::push`
    grown.extend_from_slice(ring); // `std::vec::Vec::extend_from_slice`
    let copy = ring.to_vec(); // `slice::to_vec`
    let text = 1.0f32.to_string(); // `std::string::ToString::to_string`
    let owned = ring.to_owned(); // `std::borrow::ToOwned::to_owned`
    let list = vec![1.0f32]; // `std::vec`
    let formatted = format!("{text}"); // `std::format`
}

fn waits_and_asks() {
    std::thread::sleep(std::time::Duration::ZERO); // `std::thread::sleep`
    std::thread::yield_now(); // `std::thread::yield_now`
    let thread = std::thread::spawn(|| ()); // `std::thread::spawn`
    let now = std::time::Instant::now(); // `std::time::Instant::now`
}

fn prints(into: &mut dyn std::fmt::Write) {
    println!("1"); // `std::println`
    print!("2"); // `std::print`
    eprintln!("3"); // `std::eprintln`
    eprint!("4"); // `std::eprint`
    dbg!(5); // `std::dbg`
    let _ = write!(into, "6"); // `std::write`
    let _ = writeln!(into, "7"); // `std::writeln`
}

fn panics(ring: &[f32], at: usize) {
    let one = ring.first().unwrap(); // `unwrap()`
    let two = ring.last().expect("a frame"); // `expect()`
    let three = ring[at]; // indexing may panic
    let four = &ring[at..]; // slicing may panic
    assert!(*one > *two); // `std::assert`
    assert_eq!(three, 1.0); // `std::assert_eq`
    assert_ne!(three, 2.0); // `std::assert_ne`
    match at {
        0 => panic!("never"),                              // `panic` should not
        1 => todo!(),                                      // `std::todo`
        2 => unimplemented!(),                             // `std::unimplemented`
        3 => unreachable!(),                               // `std::unreachable`
        _ => std::panic::resume_unwind(Box::new("never")), // `std::panic::resume_unwind`
    }
}
