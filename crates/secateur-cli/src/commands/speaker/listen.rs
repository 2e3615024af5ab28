//! `secateur speaker listen`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::{Kind, Progress as _, RunError};
use secateur::speaker::audio::{Coding, Raw, Reader, Resampler};
use secateur::speaker::bank::Bank;
use secateur::speaker::features::{Frames, Settings, Stream};
use secateur::speaker::identify::{Listener, Listening, Update};
use serde_json::{Value, json};

use super::Manner;
use super::bank::enrollment;
use super::identify::normalization;
use crate::args::speaker::ListenArgs;
use crate::out;

/// Seconds of sound that are worked on at once where they come faster than they last.
const BLOCK: f64 = 0.02;

pub(super) fn run(args: &ListenArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let bank = Bank::open(&args.bank)?;
    let features = enrollment(&bank, &args.bank)?.features.for_stream();
    let roster = bank.roster()?;
    let second = features.frames_per_second();
    let listening = Listening {
        rule: args.rule.parse()?,
        keep: args.keep,
        first: ((args.first * second).round() as usize).max(1),
        every: ((args.every * second).round() as usize).max(1),
        normalization: normalization(&roster),
        thresholds: bank.thresholds,
        ..Listening::default()
    };
    let place = args.file.as_deref().unwrap_or(Path::new("standard input"));
    let mut reader = open(args, place)?;
    let mut resampler = Resampler::new(reader.info.rate, features.rate)
        .map_err(|fault| RunError::from(fault.of(place)))?;
    let listener = Listener::new(&roster, listening)?;
    let mut turn = Turn::new(&bank, listener, &features, args)?;
    let progress = manner.progress();
    let (mut block, mut samples) = (Vec::new(), Vec::new());
    let step = ((BLOCK * f64::from(features.rate)) as usize).max(1);
    loop {
        block.clear();
        let is_end = reader.block(&mut block)? == 0;
        let came = Instant::now();
        samples.clear();
        if is_end {
            resampler.finish(&mut samples);
        } else {
            resampler.push(&block, &mut samples);
        }
        for part in samples.chunks(step) {
            turn.hear(part, came).map_err(|error| error.at(place))?;
            if turn.is_over() {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if is_end || progress.stopped() {
            break;
        }
    }
    turn.end().map_err(|error| error.at(place))?;
    if progress.stopped() {
        return Ok(ExitCode::from(Kind::Interrupted.exit()));
    }
    Ok(ExitCode::SUCCESS)
}

fn open(args: &ListenArgs, place: &Path) -> Result<Reader, RunError> {
    let Some(rate) = args.raw else {
        return Ok(match &args.file {
            Some(file) => Reader::open(file)?,
            None => Reader::stream(place, std::io::stdin())?,
        });
    };
    let names = Coding::ALL.map(Coding::name);
    let Some(coding) = Coding::find(&args.format) else {
        let message = format!("{} is no coding of samples", out::clean(&args.format));
        return Err(RunError::new(Kind::Usage, "SEC-SP-049", message)
            .hint(format!("--format is one of {}", names.join(", "))));
    };
    let raw = Raw { rate, channels: args.channels, coding };
    Ok(match &args.file {
        Some(file) => {
            let opened = std::fs::File::open(file).map_err(|error| {
                let message = format!("the stream cannot be read: {error}");
                RunError::new(Kind::Input, "SEC-SP-001", message).at(file)
            })?;
            Reader::raw(place, opened, raw)?
        }
        None => Reader::raw(place, std::io::stdin(), raw)?,
    })
}

/// What is heard between two pauses is taken as one person.
struct Turn<'a> {
    bank: &'a Bank,
    listener: Listener<'a>,
    stream: Stream,
    frames: Frames,
    /// Seconds of sound so far.
    time: f64,
    /// Frames without voice after which another person may speak.
    pause: u64,
    once: bool,
    /// Frames seen and kept when the last voiced frame came.
    voiced: (u64, u64),
    /// The last answer of this turn.
    last: Option<Update>,
    /// Whether a turn was heard at all, and whether listening is over.
    heard: bool,
    over: bool,
}

impl<'a> Turn<'a> {
    fn new(
        bank: &'a Bank,
        listener: Listener<'a>,
        features: &Settings,
        args: &ListenArgs,
    ) -> Result<Self, RunError> {
        let pause = (args.pause * features.frames_per_second()).round() as u64;
        Ok(Self {
            bank,
            listener,
            stream: Stream::new(features)?,
            frames: Frames { width: features.width(), values: Vec::new() },
            time: 0.0,
            pause: pause.max(1),
            once: args.once,
            voiced: (0, 0),
            last: None,
            heard: false,
            over: false,
        })
    }

    fn is_over(&self) -> bool {
        self.over
    }

    /// Hears samples that came at a moment; writes a line for each answer.
    fn hear(&mut self, samples: &[f32], came: Instant) -> Result<(), RunError> {
        self.frames.values.clear();
        self.stream.push(samples, &mut self.frames)?;
        self.time = self.stream.seconds();
        self.answers(came)?;
        let (seen, kept) = (self.stream.seen(), self.stream.kept());
        if kept > self.voiced.1 {
            self.voiced = (seen, kept);
        } else if self.last.is_some() && seen - self.voiced.0 >= self.pause {
            self.turn_ends()?;
        }
        Ok(())
    }

    fn answers(&mut self, came: Instant) -> Result<(), RunError> {
        if self.frames.is_empty() {
            return Ok(());
        }
        for update in self.listener.hear(&self.frames)? {
            let latency = came.elapsed().as_secs_f64() * 1000.0;
            line(&self.value("answer", &update, Some(latency)));
            self.over |= self.once && update.decided.is_some();
            self.last = Some(update);
            self.heard = true;
        }
        Ok(())
    }

    /// A pause: what comes next may be another person.
    fn turn_ends(&mut self) -> Result<(), RunError> {
        if let Some(last) = self.last.take() {
            line(&self.value("pause", &last, None));
        }
        Ok(self.listener.reset()?)
    }

    /// The sound is over.
    fn end(&mut self) -> Result<(), RunError> {
        self.frames.values.clear();
        let seconds = self.stream.seconds();
        self.stream.finish(&mut self.frames);
        self.time = seconds;
        self.answers(Instant::now())?;
        if let Some(last) = self.last.take() {
            line(&self.value("end", &last, None));
        }
        if self.heard {
            return Ok(());
        }
        let message = format!("no speech was heard in {seconds:.1} s of sound");
        Err(RunError::new(Kind::Input, "SEC-SP-050", message)
            .hint("speak for a second at least; look at the level, and at the rate and coding of a stream without a header"))
    }

    fn value(&self, event: &str, update: &Update, latency: Option<f64>) -> Value {
        let name = |id: usize| self.bank.speakers()[id].name.as_str();
        json!({
            "event": event,
            "time": self.time,
            "speaker": update.accepted.then(|| name(update.speaker)),
            "nearest": name(update.speaker),
            "margin": update.margin,
            "posterior": update.posterior,
            "score": update.normalized,
            "accepted": update.accepted,
            "frames": update.frames,
            "survivors": update.survivors,
            "decided": update.decided.map(|(speaker, _)| name(speaker)),
            "gaussians": update.gaussians,
            "latency_ms": latency,
        })
    }
}

/// A line of JSON, at once.
fn line(value: &Value) {
    out::line(&value.to_string());
}
