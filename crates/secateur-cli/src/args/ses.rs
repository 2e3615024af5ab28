//! `secateur ses ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secateur::ses::optimize::Quantity;

#[derive(Debug, Subcommand)]
pub(crate) enum SesCommand {
    /// Check axioms, couplings, port types, recursion and constraints
    Check {
        /// A structure: .ses, .json, .jsonsestree or .xml
        structure: PathBuf,
    },
    /// Prune a structure to one of its family
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune(PruneArgs),
    /// Go on with an incomplete result
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(ResumeArgs),
    /// Count the family: every way to take the decisions, before rules and constraints
    Count {
        #[command(flatten)]
        family: FamilyArgs,
    },
    /// List members of the family, or draw some at random
    #[command(after_help = ENUMERATE_EXAMPLES)]
    Enumerate {
        #[command(flatten)]
        family: FamilyArgs,

        /// Members to list at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,

        /// Draw so many members at random instead, each with the same chance
        #[arg(long, value_name = "N")]
        sample: Option<usize>,

        /// Seed of what is drawn
        #[arg(long, value_name = "N", default_value_t = 0)]
        seed: u64,
    },
    /// Flatten a pruned structure: all leaves right below the root
    Flatten {
        /// A pruned structure: .pes or .jsonsestree
        pes: PathBuf,

        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show what differs between two pruned structures; exit 6 when something does
    Diff {
        /// The first
        a: PathBuf,
        /// The second
        b: PathBuf,
    },
    /// Draw a structure or a result, or write it in another format
    #[command(after_help = DRAW_EXAMPLES)]
    Draw {
        /// A structure or a result of any format
        document: PathBuf,

        /// The picture to write
        #[arg(long, value_name = "FILE.svg", required_unless_present = "output")]
        svg: Option<PathBuf>,

        /// A file of another format: .dot, .mmd, .ses, .json, .jsonsestree or .xml
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,

        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
    /// Simulate a pruned structure as a DEVS model
    #[command(after_help = SIMULATE_EXAMPLES)]
    Simulate(SimulateArgs),
    /// Search the family for its best member by simulation
    #[command(after_help = OPTIMIZE_EXAMPLES)]
    Optimize(OptimizeArgs),
}

const SIMULATE_EXAMPLES: &str = "Examples:
  secateur ses simulate fms.pes --until 3600 --stats --replications 10 --warmup 600
  secateur ses simulate fms.pes --until 200 --trace trace.csv --plot gantt.svg
  secateur ses simulate network.ses --until 100 --choose backbone=wan --choose node=gateway
A structure (.ses) is pruned first, when nothing is open; results (.pes, .fpes) are taken as they
are. `mb` of an entity names the model, its other attributes are the parameters.";

const OPTIMIZE_EXAMPLES: &str = "Examples:
  secateur ses optimize fms.ses --maximize throughput --budget 200 --replications 5 --until 2000 --depth 0
  secateur ses optimize fms.ses --minimize lead-time --until 2000 -o best.pes --report page.html
  secateur ses optimize fms.ses --maximize throughput --minimize entities --choose transport=agv --until 2000 --report page.html
A family that is larger than the budget is drawn from; the better half stays, with twice the
replications, and so on. All members have the same random numbers.";

const PRUNE_EXAMPLES: &str = "Examples:
  secateur ses prune fms.ses -o fms.pes -D cells=3 --choose '/fms/cell/robot=scara' --choose transport=agv --choose fixture=table
  secateur ses prune fms.ses -o fms.ipes --delay /fms/transport --choose robot=scara --choose fixture=table
  secateur ses prune tree.jsonsestree -o tree.pes -D 'Types=[\"dt\",\"nb\"]' -D 'style=\"l\"'
  secateur ses prune fms.ses -o fms.pes --interactive
The ending of OUT chooses the format: .pes, .ipes, .json, .jsonsestree, .ses, .xml, .dot or .mmd.
A path names entities from the root; `*` is any name, `**` any number of them; a path without a
leading slash fits at any depth; NAME is every copy of a repeated entity, NAME_2 the second.";

const RESUME_EXAMPLES: &str = "Examples:
  secateur ses resume fms.ipes -o fms.pes --choose /fms/transport=agv
  secateur ses resume fms.ipes -o next.ipes --at /fms/transport --choose transport=agv";

const ENUMERATE_EXAMPLES: &str = "Examples:
  secateur ses enumerate fms.ses --limit 20
  secateur ses enumerate fms.ses --sample 5 --seed 1 --json";

const DRAW_EXAMPLES: &str = "Examples:
  secateur ses draw fms.pes --svg fms.svg
  secateur ses draw fms.ses -o fms.dot";

#[derive(Args, Debug)]
pub(crate) struct OutputArgs {
    /// The file to write; its ending chooses the format
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Replace a structure that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ChoiceArgs {
    /// Take a child of a specialization, an aspect, or a number of repetitions
    #[arg(long, value_name = "PATH=CHILD", num_args = 1..)]
    pub(crate) choose: Vec<String>,

    /// Leave the entity at a path open
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) delay: Vec<String>,

    /// Ask for every decision that nothing takes
    #[arg(long)]
    pub(crate) interactive: bool,

    /// Exit with 6 when something is left open
    #[arg(long)]
    pub(crate) require_complete: bool,

    /// Write a page (.html) or a record (.json) with all decisions
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct PruneArgs {
    /// A structure: .ses, .json, .jsonsestree or .xml
    pub(crate) structure: PathBuf,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    #[command(flatten)]
    pub(crate) choices: ChoiceArgs,

    /// Set a variable; texts need quotes
    #[arg(short = 'D', long = "define", value_name = "NAME=EXPR", value_parser = definition)]
    pub(crate) define: Vec<(String, String)>,

    /// How often a structure may hold itself along one way
    #[arg(long, value_name = "N", default_value_t = secateur::ses::prune::DEPTH)]
    pub(crate) depth: u32,

    /// Entities of the result at most
    #[arg(long, value_name = "N", default_value_t = secateur::ses::prune::ENTITIES_MAX)]
    pub(crate) max_entities: u64,
}

#[derive(Args, Debug)]
pub(crate) struct ResumeArgs {
    /// An incomplete result
    pub(crate) ipes: PathBuf,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    #[command(flatten)]
    pub(crate) choices: ChoiceArgs,

    /// Go on only with the entities at these paths
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) at: Vec<String>,

    /// A new depth [default: as before]
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,
}

#[derive(Args, Debug)]
pub(crate) struct FamilyArgs {
    /// A structure: .ses, .json, .jsonsestree or .xml
    pub(crate) structure: PathBuf,

    /// Set a variable; texts need quotes
    #[arg(short = 'D', long = "define", value_name = "NAME=EXPR", value_parser = definition)]
    pub(crate) define: Vec<(String, String)>,

    /// How often a structure may hold itself along one way
    #[arg(long, value_name = "N", default_value_t = secateur::ses::prune::DEPTH)]
    pub(crate) depth: u32,
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Time at which the simulation ends
    #[arg(long, value_name = "T", default_value_t = 3600.0)]
    pub(crate) until: f64,

    /// Time before which nothing counts in statistics
    #[arg(long, value_name = "W", default_value_t = 0.0)]
    pub(crate) warmup: f64,

    /// Seed of the first replication; each further one has the next
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// A structure or a result
    pub(crate) document: PathBuf,

    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// How often it is simulated, for intervals
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) replications: u32,

    /// Show what every component was like
    #[arg(long)]
    pub(crate) stats: bool,

    /// Write what happens in the first replication, row by row
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) trace: Option<PathBuf>,

    /// Draw who was in which phase in the first replication
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,

    /// Write a page (.html) or a record (.json) with all measures, the drawn structure and who was
    /// in which phase
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Set a variable of the structure; texts need quotes
    #[arg(short = 'D', long = "define", value_name = "NAME=EXPR", value_parser = definition)]
    pub(crate) define: Vec<(String, String)>,

    /// Take a child of a specialization, an aspect, or a number of repetitions
    #[arg(long, value_name = "PATH=CHILD", num_args = 1..)]
    pub(crate) choose: Vec<String>,

    /// How often the structure may hold itself along one way [default: 3]
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OptimizeArgs {
    #[command(flatten)]
    pub(crate) family: FamilyArgs,

    /// Of this, the more the better: throughput, lead-time, work-in-progress, entities,
    /// utilization=NAME or waiting=NAME of components, sum=VARIABLE over the entities
    #[arg(long, value_name = "MEASURE", required_unless_present = "minimize")]
    pub(crate) maximize: Vec<Quantity>,

    /// Of this, the less the better; with two measures the front of the trade-off is found
    #[arg(long, value_name = "MEASURE")]
    pub(crate) minimize: Vec<Quantity>,

    /// Keep to a choice in all members
    #[arg(long, value_name = "PATH=CHILD", num_args = 1..)]
    pub(crate) choose: Vec<String>,

    /// Members that are simulated at most
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) budget: usize,

    /// How often the last ones are simulated
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) replications: u32,

    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Write the best member
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Write a page (.html) or a record (.json)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

fn definition(word: &str) -> Result<(String, String), String> {
    match word.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("a variable is set by NAME=EXPR, e.g. cells=3 or 'style=\"l\"'".to_owned()),
    }
}
