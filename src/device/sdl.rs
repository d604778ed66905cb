//! Service thread. SDL's audio, behind the few calls that we make of it.

use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use sdl2::sys;

use crate::device::options::{DeviceOptions, Kind, Obtained};
use crate::device::{depth, monotonic, priority};
use crate::error::{AudioError, ErrorCode};
use crate::format::{Layout, SampleFormat};
use crate::link::tally::Tally;
use crate::link::wake::Bell;
use crate::rt::callback::Callback;
use crate::units::{Frames, Hz};

/// SDL, initialised for audio on the thread that holds this.
pub struct Sdl {
    _context: sdl2::Sdl,
    _audio: sdl2::AudioSubsystem,
    /// The audio system that was chosen at first.
    driver: String,
}

/// An open SDL device and the callback that it runs.
pub struct OpenDevice {
    pub sdl_id: u32,
    callback: *mut CallbackSlot,
}

// SAFETY: nobody looks into the slot but SDL's thread and, once that has ended, whoever frees it.
unsafe impl Send for OpenDevice {}

struct CallbackSlot {
    callback: Callback,
    tally: std::sync::Arc<Tally>,
    priority_known: bool,
    /// The driver waits for a device. Those that do not (files, nothing) would keep a processor from everybody else.
    waits_for_device: bool,
}

pub fn version() -> (u8, u8, u8) {
    let version = sdl2::version::version();
    (version.major, version.minor, version.patch)
}

/// Every driver that SDL was built with.
pub fn drivers() -> Vec<String> {
    sdl2::audio::drivers().map(str::to_owned).collect()
}

impl Sdl {
    /// `doorbell` is rung when SDL has something to tell (`take_events`).
    pub fn init(doorbell: &'static Bell) -> Result<Sdl, AudioError> {
        let failed = |detail: String| AudioError::new(ErrorCode::OpenFailed, "SDL_Init()", detail);
        sdl2::hint::set("SDL_NO_SIGNAL_HANDLERS", "1");
        let _ = EVENTS.doorbell.set(doorbell);
        // SAFETY: plain calls into SDL; the filter is a static function that only touches atomics. SDL's own log would
        // print on stderr, from the audio thread too.
        unsafe {
            sys::SDL_LogSetOutputFunction(None, std::ptr::null_mut());
            sys::SDL_SetEventFilter(Some(on_event), std::ptr::null_mut());
        }
        let context = sdl2::init().map_err(failed)?;
        let audio = context.audio().map_err(failed)?;
        let driver = audio.current_audio_driver().to_owned();
        Ok(Sdl { _context: context, _audio: audio, driver })
    }

    pub fn driver(&self) -> String {
        self.driver.clone()
    }

    /// Connects to the audio system anew, after it was gone. No device may be open.
    pub fn restart(&self) -> bool {
        let Ok(driver) = CString::new(self.driver.as_str()) else { return false };
        // SAFETY: SDL is initialised as long as `self` lives; with no device open nothing of its audio part is in use.
        unsafe { sys::SDL_AudioInit(driver.as_ptr()) == 0 }
    }

    pub fn device_names(&self, kind: Kind) -> Vec<String> {
        let capture = c_int::from(kind == Kind::Capture);
        // SAFETY: SDL is initialised as long as `self` lives; the returned names are copied at once.
        unsafe {
            (0..sys::SDL_GetNumAudioDevices(capture))
                .filter_map(|index| {
                    let name = sys::SDL_GetAudioDeviceName(index, capture);
                    (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
                })
                .collect()
        }
    }

    /// Opens a device; it runs at once, its processor being silent until told to play; for a microphone that has to wait see
    /// `set_running`. A refusal gives the callback back.
    pub fn open(
        &self,
        options: &DeviceOptions,
        callback: Callback,
        tally: std::sync::Arc<Tally>,
    ) -> Result<(OpenDevice, Obtained), Box<(AudioError, Callback)>> {
        let Ok(name) = options.name.as_deref().map(CString::new).transpose() else {
            let detail = "the device's name holds a NUL character";
            let error = AudioError::new(ErrorCode::DeviceNotFound, "SDL_OpenAudioDevice()", detail);
            return Err(Box::new((error, callback)));
        };
        let waits_for_device = !["disk", "dummy"].contains(&self.driver().as_str());
        let slot = Box::into_raw(Box::new(CallbackSlot { callback, tally, priority_known: false, waits_for_device }));
        let desired = sys::SDL_AudioSpec {
            freq: c_int::try_from(options.rate.0).unwrap_or(c_int::MAX),
            format: options.layout.format.sdl_code(),
            channels: options.layout.channels as u8,
            silence: 0,
            samples: u16::try_from(options.period.0).unwrap_or(u16::MAX),
            padding: 0,
            size: 0,
            callback: Some(run_callback),
            userdata: slot.cast::<c_void>(),
        };
        // A device that cannot have our period gives us its own; without this SDL puts a converter in between. Not for odd
        // periods: a driver that wants powers of two (dummy) is given one by SDL 2.26 in `samples` but not in `size`, and
        // the callback would then be handed more bytes than SDL's buffer has.
        let any_period = options.period.0.is_power_of_two();
        let allowed_changes = if any_period { sys::SDL_AUDIO_ALLOW_SAMPLES_CHANGE as c_int } else { 0 };
        let mut got = desired;
        // SAFETY: `name` and both specs outlive the call; `slot` lives until SDL has closed the device.
        let sdl_id = depth::with_depth(options.depth, options.rate, || unsafe {
            sys::SDL_OpenAudioDevice(
                name.as_ref().map_or(std::ptr::null(), |name| name.as_ptr()),
                c_int::from(options.kind == Kind::Capture),
                &raw const desired,
                &raw mut got,
                allowed_changes,
            )
        });
        if sdl_id == 0 {
            let error = self.open_error(options, sdl2::get_error());
            // SAFETY: SDL did not take the slot.
            let slot = unsafe { Box::from_raw(slot) };
            return Err(Box::new((error, slot.callback)));
        }
        let obtained = Obtained {
            rate: Hz(u32::try_from(got.freq).unwrap_or(options.rate.0)),
            layout: Layout {
                format: SampleFormat::from_sdl_code(got.format).unwrap_or(options.layout.format),
                channels: usize::from(got.channels),
            },
            period: Frames(u64::from(got.samples)),
            driver: self.driver(),
        };
        let device = OpenDevice { sdl_id, callback: slot };
        if options.kind == Kind::Playback || !self.pauses_capture() {
            self.run_callback(&device, true);
        }
        Ok((device, obtained))
    }

    fn open_error(&self, options: &DeviceOptions, detail: String) -> AudioError {
        let known = options.name.as_ref().is_none_or(|name| self.device_names(options.kind).contains(name));
        let lower = detail.to_lowercase();
        let code = if lower.contains("already open") || lower.contains("busy") {
            ErrorCode::DeviceBusy
        } else if known {
            ErrorCode::OpenFailed
        } else {
            ErrorCode::DeviceNotFound
        };
        AudioError::new(code, "SDL_OpenAudioDevice()", detail)
    }

    /// A file must not run on while nobody takes what it holds. Everywhere else capture runs from the start, and what
    /// comes before `play` is let go by its processor: once paused, SDL's PulseAudio backend may flush for as long as data
    /// comes, and never give any again.
    fn pauses_capture(&self) -> bool {
        self.driver == "disk"
    }

    /// SDL's PulseAudio backend may do so at the start too: a device is paused until it is told to run, and its thread may
    /// look before that.
    pub fn may_be_stuck(&self) -> bool {
        self.driver == "pulseaudio"
    }

    /// Lets a microphone run, or not, where it has to be paused.
    pub fn set_running(&self, device: &OpenDevice, running: bool) {
        if self.pauses_capture() {
            self.run_callback(device, running);
        }
    }

    fn run_callback(&self, device: &OpenDevice, running: bool) {
        // SAFETY: the id is open as long as `device` is.
        unsafe { sys::SDL_PauseAudioDevice(device.sdl_id, c_int::from(!running)) };
    }
}

/// Ends the device's thread, then gives its callback back. Takes about two periods; any thread may do it, SDL takes no lock of
/// others for it.
pub fn close(device: OpenDevice) -> Callback {
    // SAFETY: SDL joins the thread before it returns, so the callback has no other user.
    let slot = unsafe {
        sys::SDL_CloseAudioDevice(device.sdl_id);
        Box::from_raw(device.callback)
    };
    slot.callback
}

/// True once SDL runs the device no more, though nobody has closed it.
pub fn is_gone(device: &OpenDevice) -> bool {
    // SAFETY: a plain call; the id is open as long as `device` is.
    unsafe { sys::SDL_GetAudioDeviceStatus(device.sdl_id) == sys::SDL_AudioStatus::SDL_AUDIO_STOPPED }
}

/// Audio thread: SDL's way in.
unsafe extern "C" fn run_callback(userdata: *mut c_void, stream: *mut u8, len: c_int) {
    // SAFETY: `userdata` is the slot given at opening, which lives until the device is closed; SDL runs one callback at a
    // time and gives `len` bytes to use until we return.
    let (slot, block) = unsafe {
        (
            &mut *userdata.cast::<CallbackSlot>(),
            std::slice::from_raw_parts_mut(stream, usize::try_from(len).unwrap_or(0)),
        )
    };
    if !slot.priority_known {
        slot.priority_known = true;
        if slot.waits_for_device {
            priority::raise();
        }
        slot.tally.priority.store(priority::of_this_thread().pack(), Ordering::Relaxed);
    }
    slot.callback.run(block, monotonic::nanos);
}

/// What SDL told since the last look, from whichever thread it told it.
struct Events {
    doorbell: OnceLock<&'static Bell>,
    devices_changed: AtomicBool,
}

static EVENTS: Events = Events { doorbell: OnceLock::new(), devices_changed: AtomicBool::new(false) };

/// Any thread, the audio thread included: notes that a device came or went and lets SDL forget the event.
unsafe extern "C" fn on_event(_: *mut c_void, event: *mut sys::SDL_Event) -> c_int {
    // SAFETY: SDL passes a live event; `type_` is there whatever it is.
    let kind = unsafe { (*event).type_ };
    let (removed, added) =
        (sys::SDL_EventType::SDL_AUDIODEVICEREMOVED as u32, sys::SDL_EventType::SDL_AUDIODEVICEADDED as u32);
    if [removed, added].contains(&kind) {
        EVENTS.devices_changed.store(true, Ordering::Release);
        if let Some(doorbell) = EVENTS.doorbell.get() {
            doorbell.ring();
        }
    }
    0
}

/// True if there is something to take.
pub fn has_events() -> bool {
    EVENTS.devices_changed.load(Ordering::Acquire)
}

/// True if, since the last call, devices came or went: those that are open, perhaps.
pub fn take_events() -> bool {
    EVENTS.devices_changed.swap(false, Ordering::AcqRel)
}
