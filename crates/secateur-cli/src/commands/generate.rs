//! `secateur generate`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::checkpoint::Tokenizer;
use secateur::core::{Kind, Progress, Random, RunError};
use secateur::neural::NeuralError;
use secateur::neural::family::not_finite_values;
use secateur::neural::generate::Generator;
use secateur::neural::sample::Choice;
use serde_json::json;

use super::Manner;
use crate::args::GenerateArgs;
use crate::out;

/// Why the text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Length,
    Token,
    Interrupt,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Token => "end token",
            Self::Interrupt => "interrupt",
        }
    }
}

pub(crate) fn run(args: &GenerateArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let model = secateur::checkpoint::open(&args.model).map_err(NeuralError::from)?;
    model.head().map_err(NeuralError::from)?;
    let mut progress = manner.progress();
    for warning in &model.warnings {
        progress.warn(warning);
    }
    let tokenizer = model.tokenizer().map_err(NeuralError::from)?;
    let prompt = tokenizer.encode_with_special(&args.prompt).map_err(NeuralError::from)?;
    model.check_ids(model.tokenizer_path(), &prompt).map_err(NeuralError::from)?;
    let room = room(args, prompt.len(), model.dims.positions)?;
    let mut ends = args.stop_token.clone();
    if !args.ignore_eos {
        ends.extend(model.end_tokens().map_err(NeuralError::from)?);
    }
    let choice = Choice { temperature: args.temperature, top_k: args.top_k, top_p: args.top_p };
    let mut random = Random::new(args.seed);
    let mut text = Text::new(&tokenizer, !manner.json);
    let mut generator = Generator::new(&model, prompt.len() + room)?;

    let clock = Instant::now();
    let mut logits = generator.advance(&prompt)?;
    let prompt_seconds = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    let mut end = End::Length;
    let mut steps = 0_usize;
    while text.ids.len() < room {
        if !logits.iter().all(|value| value.is_finite()) {
            return Err(not_finite_values(&model, model.dims.layers).into());
        }
        let next = choice.next(&logits, &mut random);
        if ends.contains(&next) {
            end = End::Token;
            break;
        }
        text.push(next)?;
        if progress.stopped() {
            end = End::Interrupt;
            break;
        }
        if text.ids.len() < room {
            logits = generator.advance(&[next])?;
            steps += 1;
        }
    }
    let seconds = clock.elapsed().as_secs_f64();
    let whole = text.finish()?;
    let rate = |tokens: usize, seconds: f64| tokens as f64 / seconds.max(1e-9);
    let rates = [rate(prompt.len(), prompt_seconds), rate(steps, seconds)];
    if manner.json {
        out::json(&json!({
            "prompt": args.prompt,
            "text": whole,
            "ids": text.ids,
            "end": end.name(),
            "prompt_tokens": prompt.len(),
            "tokens": text.ids.len(),
            "prompt_tokens_per_second": rates[0],
            "tokens_per_second": rates[1],
        }));
    } else if !manner.quiet {
        out::note(&format!(
            "prompt: {} tokens, {:.1} tokens/s; text: {} tokens, {:.1} tokens/s; ended by {}",
            prompt.len(),
            rates[0],
            text.ids.len(),
            rates[1],
            end.name()
        ));
    }
    Ok(if end == End::Interrupt { ExitCode::from(130) } else { ExitCode::SUCCESS })
}

/// Tokens that can be generated: as many as asked for, at most what the model was made for.
fn room(args: &GenerateArgs, prompt: usize, positions: usize) -> Result<usize, RunError> {
    if prompt == 0 || prompt >= positions {
        let what = match prompt {
            0 => "the prompt has no tokens".to_owned(),
            _ => format!(
                "the prompt has {prompt} tokens, the model was made for {positions} positions"
            ),
        };
        let hint = "give a prompt of at least one token that leaves room for the text";
        return Err(RunError::new(Kind::Input, "SEC-CL-007", what).hint(hint));
    }
    let room = positions - prompt;
    if args.max_tokens > room {
        out::note(&format!(
            "warning: {room} tokens are generated, the model was made for {positions} positions"
        ));
    }
    Ok(args.max_tokens.min(room))
}

/// The text so far, shown as it grows.
struct Text<'a> {
    tokenizer: &'a Tokenizer,
    show: bool,
    ids: Vec<i64>,
    /// Bytes that were shown.
    shown: usize,
}

impl<'a> Text<'a> {
    fn new(tokenizer: &'a Tokenizer, show: bool) -> Self {
        Self { tokenizer, show, ids: Vec::new(), shown: 0 }
    }

    fn push(&mut self, id: i64) -> Result<(), RunError> {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids).map_err(NeuralError::from)?;
        // A character whose bytes come in several tokens is shown when it is whole.
        if !text.ends_with('\u{fffd}') {
            self.show(&text);
        }
        Ok(())
    }

    fn show(&mut self, text: &str) {
        if let Some(new) = text.get(self.shown..).filter(|_| self.show) {
            out::print(&out::clean(new));
            self.shown = text.len();
        }
    }

    fn finish(&mut self) -> Result<String, RunError> {
        let text = self.tokenizer.decode(&self.ids).map_err(NeuralError::from)?;
        self.show(&text);
        if self.show {
            out::print("\n");
        }
        Ok(text)
    }
}
