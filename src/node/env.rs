//! JavaScript threads. One Node environment lives on one thread: what it holds is kept in thread-local slots, and let go when
//! it ends, however it ends. Events reach it through a threadsafe function that never keeps it alive.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, sys};

use crate::device::holders::Turn;
use crate::device::service::{AudioInfo, DeviceNames, Pending};
use crate::device::table::{self, Entry, Opening};
use crate::events::pump::{self, Event};
use crate::events::shortage::Shortage;
use crate::events::watches;
use crate::node::values;
use crate::units::Frames;

/// Events that wait for a busy thread. More shortages are dropped, and what they tell stays in `stats()`; what is told only
/// once is kept for it.
const EVENT_ROOM: usize = 1024;

/// kind, id (for the end of a wait, its token), from (how the wait ended), to, frames, ended
pub type EventArgs = FnArgs<(String, f64, f64, f64, f64, bool)>;
type Listener = ThreadsafeFunction<EventArgs, (), EventArgs, Status, false, true, EVENT_ROOM>;

static NEXT_ENV: AtomicU32 = AtomicU32::new(1);
static AUDIENCES: Mutex<Vec<Audience>> = Mutex::new(Vec::new());

/// An environment as the pump sees it.
struct Audience {
    env: u32,
    listeners: Vec<Listener>,
    /// What it holds, by id and once for each slot.
    holds: Vec<u64>,
    /// What found no room.
    owed: Vec<Event>,
}

struct Held {
    /// 0 while the thread has no environment.
    env: u32,
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

/// What JavaScript has asked of the service. It waits for the answer before it does anything else: there is one at most.
pub enum Asked {
    Open(Box<Opening>),
    Devices(Pending<DeviceNames>),
    Info(Pending<AudioInfo>),
}

thread_local! {
    static ASKED: RefCell<Option<Asked>> = const { RefCell::new(None) };
    static HELD: RefCell<Held> = const { RefCell::new(Held { env: 0, slots: Vec::new() }) };
}

/// Called for each load of the addon into an environment; all of them share what it holds.
pub fn enter(env: sys::napi_env) {
    let entered = HELD.with_borrow_mut(|held| {
        let first = held.env == 0;
        if first {
            held.env = NEXT_ENV.fetch_add(1, Ordering::Relaxed);
        }
        first.then_some(held.env)
    });
    let Some(id) = entered else { return };
    values::set_environment(env);
    audiences().push(Audience { env: id, listeners: Vec::new(), holds: Vec::new(), owed: Vec::new() });
    // SAFETY: `env` is the live environment that is loading us; the hook takes no data. Node aborts if it is added twice.
    unsafe { sys::napi_add_env_cleanup_hook(env, Some(leave), std::ptr::null_mut()) };
    pump::start(deliver, catch_up);
}

/// The environment ends: lets go of all that it holds. Runs on its thread, after its JavaScript.
unsafe extern "C" fn leave(_: *mut std::ffi::c_void) {
    ASKED.take();
    values::set_environment(std::ptr::null_mut());
    let Held { env, slots } = HELD.with_borrow_mut(|held| std::mem::replace(held, Held { env: 0, slots: Vec::new() }));
    audiences().retain(|audience| audience.env != env);
    watches::remove_all(env);
    for (slot, number) in slots.iter().zip(0..) {
        if let Some(slot) = slot {
            // Its reference dies with the environment, after this.
            table::let_go(&slot.entry, Turn::new(env, number), !slot.ring.is_null(), pump::bell());
        }
    }
}

/// Keeps `entry` for this environment, and `ring` with it; the answer is the number that JavaScript calls it by.
pub fn keep(entry: Entry, ring: sys::napi_ref) -> u32 {
    HELD.with_borrow_mut(|held| {
        let free = held.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            held.slots.push(None);
            held.slots.len() - 1
        });
        with_audience(held.env, |audience| audience.holds.push(entry.id()));
        held.slots[free] = Some(Slot { entry, memory: Cell::new(NO_MEMORY), ring });
        free as u32
    })
}

/// Lets go of one slot; nothing happens for one that is empty.
pub fn let_go(slot: u32, raw: sys::napi_env) {
    let taken = HELD.with_borrow_mut(|held| Some((held.slots.get_mut(slot as usize)?.take()?, held.env)));
    if let Some((Slot { entry, ring, .. }, env)) = taken {
        with_audience(env, |audience| {
            let held = audience.holds.iter().position(|id| *id == entry.id());
            held.map(|index| audience.holds.swap_remove(index));
        });
        table::let_go(&entry, Turn::new(env, slot), !ring.is_null(), pump::bell());
        if !ring.is_null() {
            // SAFETY: `raw` is the live environment that made the reference; the ring was just detached.
            unsafe { sys::napi_delete_reference(raw, ring) };
        }
    }
}

/// Uses what is in a slot, as its user, with the memory that the slot remembers.
pub fn with<R>(slot: u32, act: impl FnOnce(&Entry, Turn, &Cell<Memory>) -> R) -> Option<R> {
    HELD.with_borrow(|held| {
        let Slot { entry, memory, .. } = held.slots.get(slot as usize)?.as_ref()?;
        Some(act(entry, Turn::new(held.env, slot), memory))
    })
}

/// What is in a slot, to be used without holding on to the slots (while blocking).
pub fn entry(slot: u32) -> Option<Entry> {
    HELD.with_borrow(|held| Some(held.slots.get(slot as usize)?.as_ref()?.entry.clone()))
}

/// This environment's id.
pub fn id() -> u32 {
    HELD.with_borrow(|held| held.env)
}

/// Keeps a question for `answer`; an older one, which nobody waits for any more, is given up.
pub fn ask(question: Asked) {
    ASKED.replace(Some(question));
}

/// Looks for the answer to what was asked; with one, or if there is nothing to wait for, the question is over.
pub fn answer<R>(look: impl FnOnce(&mut Asked) -> Option<R>) -> Option<R> {
    let mut question = ASKED.take()?;
    let answer = look(&mut question);
    if answer.is_none() {
        ask(question);
    }
    answer
}

/// Calls `listener` for every event from now on, until the environment ends.
pub fn listen(listener: &Function<EventArgs, ()>) -> napi::Result<()> {
    let listener = listener
        .build_threadsafe_function::<EventArgs>()
        .weak::<true>()
        .max_queue_size::<EVENT_ROOM>()
        .build_callback(|context| Ok(context.value))?;
    let env = HELD.with_borrow(|held| held.env);
    with_audience(env, |audience| audience.listeners.push(listener));
    Ok(())
}

fn audiences() -> MutexGuard<'static, Vec<Audience>> {
    AUDIENCES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with_audience(env: u32, act: impl FnOnce(&mut Audience)) {
    if let Some(audience) = audiences().iter_mut().find(|audience| audience.env == env) {
        act(audience);
    }
}

/// Pump thread: hands an event to every environment that it concerns.
fn deliver(event: Event) {
    for audience in audiences().iter_mut().filter(|audience| audience.is_concerned(event)) {
        audience.tell(event);
    }
}

/// Pump thread: tries again to tell what found no room; true if nothing is owed any more.
fn catch_up() -> bool {
    let mut audiences = audiences();
    for audience in audiences.iter_mut() {
        for event in std::mem::take(&mut audience.owed) {
            if audience.is_concerned(event) {
                audience.tell(event);
            }
        }
    }
    audiences.iter().all(|audience| audience.owed.is_empty())
}

impl Audience {
    fn is_concerned(&self, event: Event) -> bool {
        match event {
            Event::DevicesChanged => true,
            Event::Lost { device: id }
            | Event::Restored { device: id, .. }
            | Event::Failed { device: id }
            | Event::Ended { id }
            | Event::Shortage { id, .. } => self.holds.contains(&id),
            Event::Waited { env, .. } => self.env == env,
        }
    }

    fn tell(&mut self, event: Event) {
        let zero = Frames::ZERO;
        let (kind, id, from, to, frames, ended) = match event {
            Event::DevicesChanged => ("devices", 0, zero, zero, zero, true),
            Event::Lost { device } => ("lost", device, zero, zero, zero, true),
            Event::Restored { device, gap } => ("restored", device, zero, zero, gap, true),
            Event::Ended { id } => ("ended", id, zero, zero, zero, true),
            Event::Failed { device } => ("failed", device, zero, zero, zero, true),
            Event::Shortage { id, shortage: Shortage { from, to, frames, ended } } => {
                ("shortage", id, from, to, frames, ended)
            }
            Event::Waited { token, waited, .. } => {
                ("waited", u64::from(token), Frames(waited as u64), zero, zero, true)
            }
        };
        let is_told_once = !matches!(event, Event::Shortage { .. });
        if is_told_once && !self.owed.is_empty() {
            // Behind what is owed already, so that the order stays.
            if event != Event::DevicesChanged || !self.owed.contains(&event) {
                self.owed.push(event);
            }
            return;
        }
        for listener in &self.listeners {
            let args = (kind.to_owned(), id as f64, from.0 as f64, to.0 as f64, frames.0 as f64, ended);
            let status = listener.call(args.into(), ThreadsafeFunctionCallMode::NonBlocking);
            if status == Status::QueueFull && is_told_once && !self.owed.contains(&event) {
                self.owed.push(event);
            }
        }
    }
}
