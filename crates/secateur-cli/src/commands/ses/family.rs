//! `secateur ses count` and `secateur ses enumerate`.

use std::process::ExitCode;

use secateur::core::RunError;
use secateur::ses::family::{Family, Member};
use secateur::ses::prune::Request;
use serde_json::json;

use super::Manner;
use super::files;
use crate::args::ses::FamilyArgs;
use crate::out;

fn request(args: &FamilyArgs) -> Request {
    Request { variables: args.define.clone(), depth: args.depth, ..Request::default() }
}

pub(super) fn count(args: &FamilyArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let ses = files::structure(&args.structure)?;
    let family = Family::new(&ses, &request(args)).map_err(files::at(&args.structure))?;
    let constrained = !ses.constraints.is_empty();
    let allowed = family.allowed().map_err(files::at(&args.structure))?;
    let members = family.count().to_string();
    if manner.json {
        out::json(&json!({
            "members": members,
            "digits": members.len(),
            "constraints": ses.constraints.len(),
            "allowed": if constrained { allowed.map(|n| n.to_string()) } else { Some(members.clone()) },
            "depth": args.depth,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&members);
    if constrained {
        out::line(&match allowed {
            Some(allowed) => format!("{allowed} of them keep the constraints"),
            None => "constraints leave out some of them; too many to try each".to_owned(),
        });
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn enumerate(
    args: &FamilyArgs,
    limit: usize,
    sample: Option<usize>,
    seed: u64,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let ses = files::structure(&args.structure)?;
    let family = Family::new(&ses, &request(args)).map_err(files::at(&args.structure))?;
    let (members, more) = match sample {
        Some(draws) => (family.sample(draws, seed), false),
        None => match family.first(limit) {
            Ok((members, more)) => (Ok(members), more),
            Err(error) => (Err(error), false),
        },
    };
    let members = members.map_err(files::at(&args.structure))?;
    if manner.json {
        let rows: Vec<_> = members
            .iter()
            .map(|m| json!({ "number": m.number.to_string(), "choices": m.choices }))
            .collect();
        out::json(&json!({ "members": family.count().to_string(), "listed": rows, "more": more }));
        return Ok(ExitCode::SUCCESS);
    }
    for Member { number, choices } in &members {
        let choices = if choices.is_empty() { "(no choice)".to_owned() } else { choices.join(" ") };
        out::line(&out::clean(&format!("{number}  {choices}")));
    }
    if more {
        out::line(&format!("... of {}; --limit lists more", family.count()));
    }
    Ok(ExitCode::SUCCESS)
}
