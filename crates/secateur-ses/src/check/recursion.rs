//! Whether structures that hold themselves can end.

use super::Finding;
use crate::model::{Id, Ses};
use crate::prune::facts::{ENDLESS, facts};

/// Every entity that is copied inside itself needs an alternative that is not; read as a grammar
/// whose symbols are entities, every symbol must be productive.
pub(super) fn productive(ses: &Ses, findings: &mut Vec<Finding>) {
    let facts = facts(ses);
    for (id, (target, recursive)) in &facts.targets {
        if *recursive && facts.heights[*target as usize] == ENDLESS {
            let name = &ses.node(*target).name;
            let message = format!(
                "the recursion through ref {name} is unproductive: every way down from {name} needs another {name}, so it never ends"
            );
            findings.push(Finding::error(ses, "recursion", *id, message));
        }
    }
    if let Some(root) = ses.roots.first()
        && facts.heights[*root as usize] == ENDLESS
        && !findings.iter().any(|finding| finding.rule == "recursion")
    {
        let at = (0..ses.nodes.len() as Id)
            .find(|id| ses.entity(*id).is_some_and(|e| e.copies.is_some()));
        findings.push(Finding::error(ses, "recursion", at.unwrap_or(*root), "it never ends"));
    }
}
