//! JavaScript threads. One Node environment lives on one thread: what it holds is kept in thread-local slots, and let go when
//! it ends, however it ends. Events reach it through a threadsafe function that never keeps it alive.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, sys};

use crate::device::owner::{Device, Turn};
use crate::device::table;
use crate::events::pump::{self, Event};

/// Events that wait for a busy thread; more are dropped, and what they tell stays in `stats()`.
const EVENT_ROOM: usize = 1024;

/// kind, device id, from, to, frames, ended
pub type EventArgs = FnArgs<(String, f64, f64, f64, f64, bool)>;
type Listener = ThreadsafeFunction<EventArgs, (), EventArgs, Status, false, true, EVENT_ROOM>;

static NEXT_ENV: AtomicU32 = AtomicU32::new(1);
static LISTENERS: Mutex<Vec<(u32, Listener)>> = Mutex::new(Vec::new());

struct Held {
    env: u32,
    loads: u32,
    slots: Vec<Option<Slot>>,
}

struct Slot {
    device: Arc<Device>,
    memory: Cell<Memory>,
}

/// Where the memory lies that JavaScript handed in last. Asking Node for that takes longer than the rest of a call, and most
/// callers use the same buffer again; JavaScript keeps it and looks before each call whether the memory is still there.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub data: *mut u8,
    pub length: usize,
}

const NO_MEMORY: Memory = Memory { data: NonNull::dangling().as_ptr(), length: 0 };

thread_local! {
    static HELD: RefCell<Held> = const { RefCell::new(Held { env: 0, loads: 0, slots: Vec::new() }) };
}

/// Called once for each load of the addon into an environment.
pub fn enter(env: sys::napi_env) {
    HELD.with_borrow_mut(|held| {
        if held.loads == 0 {
            held.env = NEXT_ENV.fetch_add(1, Ordering::Relaxed);
        }
        held.loads += 1;
    });
    // SAFETY: `env` is the live environment that is loading us; the hook takes no data.
    unsafe { sys::napi_add_env_cleanup_hook(env, Some(leave), std::ptr::null_mut()) };
    pump::start(deliver);
}

/// The environment ends: lets go of all that it holds. Runs on its thread, after its JavaScript.
unsafe extern "C" fn leave(_: *mut std::ffi::c_void) {
    let left = HELD.with_borrow_mut(|held| {
        held.loads = held.loads.saturating_sub(1);
        (held.loads == 0).then(|| (held.env, std::mem::take(&mut held.slots)))
    });
    if let Some((env, slots)) = left {
        listeners().retain(|(id, _)| *id != env);
        for (slot, number) in slots.iter().zip(0..) {
            if let Some(slot) = slot {
                table::let_go(&slot.device, Turn::new(env, number), pump::bell());
            }
        }
    }
}

/// Keeps `device` for this environment; the answer is the number that JavaScript calls it by.
pub fn keep(device: Arc<Device>) -> u32 {
    HELD.with_borrow_mut(|held| {
        let free = held.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            held.slots.push(None);
            held.slots.len() - 1
        });
        held.slots[free] = Some(Slot { device, memory: Cell::new(NO_MEMORY) });
        free as u32
    })
}

/// Lets go of one slot; nothing happens for one that is empty.
pub fn let_go(slot: u32) {
    let taken = HELD.with_borrow_mut(|held| Some((held.slots.get_mut(slot as usize)?.take()?, held.env)));
    if let Some((Slot { device, .. }, env)) = taken {
        table::let_go(&device, Turn::new(env, slot), pump::bell());
    }
}

/// Uses the device in a slot, as its user, with the memory that the slot remembers.
pub fn with<R>(slot: u32, act: impl FnOnce(&Device, Turn, &Cell<Memory>) -> R) -> Option<R> {
    HELD.with_borrow(|held| {
        let Slot { device, memory } = held.slots.get(slot as usize)?.as_ref()?;
        Some(act(device, Turn::new(held.env, slot), memory))
    })
}

/// The device in a slot, to be used without holding on to the slots (while blocking).
pub fn device(slot: u32) -> Option<Arc<Device>> {
    HELD.with_borrow(|held| Some(held.slots.get(slot as usize)?.as_ref()?.device.clone()))
}

/// Calls `listener` for every event from now on, until the environment ends.
pub fn listen(listener: &Function<EventArgs, ()>) -> napi::Result<()> {
    let listener = listener
        .build_threadsafe_function::<EventArgs>()
        .weak::<true>()
        .max_queue_size::<EVENT_ROOM>()
        .build_callback(|context| Ok(context.value))?;
    let env = HELD.with_borrow(|held| held.env);
    listeners().push((env, listener));
    Ok(())
}

fn listeners() -> std::sync::MutexGuard<'static, Vec<(u32, Listener)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pump thread: hands an event to every environment; each picks out what concerns it.
fn deliver(event: Event) {
    let (kind, device, from, to, frames, ended) = match event {
        Event::DevicesChanged => ("devices", 0, 0, 0, 0, true),
        Event::Lost { device } => ("lost", device, 0, 0, 0, true),
        Event::Failed { device } => ("failed", device, 0, 0, 0, true),
        Event::Shortage { device, from, to, frames, ended } => ("shortage", device, from.0, to.0, frames.0, ended),
    };
    for (_, listener) in listeners().iter() {
        let args = (kind.to_owned(), device as f64, from as f64, to as f64, frames as f64, ended);
        listener.call(args.into(), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
