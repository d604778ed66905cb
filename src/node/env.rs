//! JavaScript threads. One Node environment lives on one thread: what it holds is kept in thread-local slots, and let go when
//! it ends, however it ends. Events reach it through a threadsafe function that never keeps it alive.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, sys};

use crate::device::table::{self, Entry};
use crate::events::pump::{self, Event};
use crate::events::watches;
use crate::units::Frames;

/// Events that wait for a busy thread; more are dropped, and what they tell stays in `stats()`.
const EVENT_ROOM: usize = 1024;

/// kind, id (for the end of a wait, its token), from (how it ended), to, frames, ended
pub type EventArgs = FnArgs<(String, f64, f64, f64, f64, bool)>;
type Listener = ThreadsafeFunction<EventArgs, (), EventArgs, Status, false, true, EVENT_ROOM>;

static NEXT_ENV: AtomicU64 = AtomicU64::new(1);
static LISTENERS: Mutex<Vec<(u64, Listener)>> = Mutex::new(Vec::new());

struct Held {
    env: u64,
    loads: u32,
    slots: Vec<Option<Slot>>,
}

struct Slot {
    entry: Entry,
    memory: Cell<Memory>,
    /// Keeps the memory of a shared ring for as long as the audio thread may use it.
    ring: sys::napi_ref,
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
        watches::remove_all(env);
        // References die with the environment, after this.
        slots.iter().flatten().for_each(|slot| table::let_go(&slot.entry, env, pump::bell()));
    }
}

/// Keeps `entry` for this environment, and `ring` with it; the answer is the number that JavaScript calls it by.
pub fn keep(entry: Entry, ring: sys::napi_ref) -> u32 {
    HELD.with_borrow_mut(|held| {
        let free = held.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            held.slots.push(None);
            held.slots.len() - 1
        });
        held.slots[free] = Some(Slot { entry, memory: Cell::new(NO_MEMORY), ring });
        free as u32
    })
}

/// Lets go of one slot; nothing happens for one that is empty.
pub fn let_go(slot: u32, env: sys::napi_env) {
    let taken = HELD.with_borrow_mut(|held| Some((held.slots.get_mut(slot as usize)?.take()?, held.env)));
    if let Some((slot, id)) = taken {
        table::let_go(&slot.entry, id, pump::bell());
        if !slot.ring.is_null() {
            // SAFETY: `env` is the live environment that made the reference; the ring was just detached.
            unsafe { sys::napi_delete_reference(env, slot.ring) };
        }
    }
}

/// Uses what is in a slot, with this environment's id and the memory that the slot remembers.
pub fn with<R>(slot: u32, act: impl FnOnce(&Entry, u64, &Cell<Memory>) -> R) -> Option<R> {
    HELD.with_borrow(|held| {
        let Slot { entry, memory, .. } = held.slots.get(slot as usize)?.as_ref()?;
        Some(act(entry, held.env, memory))
    })
}

/// What is in a slot, to be used without holding on to the slots (while blocking).
pub fn entry(slot: u32) -> Option<Entry> {
    HELD.with_borrow(|held| Some(held.slots.get(slot as usize)?.as_ref()?.entry.clone()))
}

/// This environment's id.
pub fn id() -> u64 {
    HELD.with_borrow(|held| held.env)
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

fn listeners() -> std::sync::MutexGuard<'static, Vec<(u64, Listener)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pump thread: hands an event to every environment; each picks out what concerns it. The end of a wait goes to the one
/// that waits.
fn deliver(event: Event) {
    let zero = Frames::ZERO;
    let mut to_env = None;
    let (kind, id, from, to, frames, ended) = match event {
        Event::DevicesChanged => ("devices", 0, zero, zero, zero, true),
        Event::Lost { device } => ("lost", device, zero, zero, zero, true),
        Event::Restored { device, gap } => ("restored", device, zero, zero, gap, true),
        Event::Failed { device } => ("failed", device, zero, zero, zero, true),
        Event::Shortage { id, shortage } => {
            ("shortage", id, shortage.from, shortage.to, shortage.frames, shortage.ended)
        }
        Event::Waited { env, token, waited } => {
            to_env = Some(env);
            ("waited", u64::from(token), Frames(waited as u64), zero, zero, true)
        }
    };
    for (env, listener) in listeners().iter() {
        if to_env.is_none_or(|wanted| wanted == *env) {
            let args = (kind.to_owned(), id as f64, from.0 as f64, to.0 as f64, frames.0 as f64, ended);
            listener.call(args.into(), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
