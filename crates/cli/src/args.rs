//! The command line as types. Options that several commands share are groups, flattened into each of them.

use std::{path::PathBuf, sync::Arc};

use clap::{ArgAction, Args, Parser, Subcommand};
use dinlab_neural::NetworkObjective;
use dinlab_objective::{registry::Shared, Options, Selection, Start};

use crate::{
    commands, output,
    values::{self, Vector},
};

/// Checks theory of inertial Newton dynamics (DIN, INDIAN) numerically.
#[derive(Debug, Parser)]
#[command(name = "dinlab", args_override_self = true, version = crate::provenance::VERSION, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 nothing violated; 1 something violated (or inconclusive with --strict); \
    2 could not run; 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, one file each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the checks and write the report: the main job
    Check(commands::check::Check),
    /// List what there is to choose from
    List(commands::list::List),
    /// Explain one check: claim, hypotheses, sources, what is measured, what would refute it
    Explain(commands::explain::Explain),
    /// Integrate DIN or one of its relatives in continuous time
    Simulate(commands::simulate::Simulate),
    /// Run INDIAN or one of its rivals in discrete time
    Iterate(commands::iterate::Iterate),
    /// Measure the order with which an algorithm follows a flow
    Compare(commands::compare::Compare),
    /// Classify eigenvalues of the Hessian in closed form
    Stability(commands::stability::Stability),
    /// Draw maps of parameters and of starts, with the closed form over them
    Map(commands::map::Map),
    /// Compute Clarke's subdifferential and the sum of the terms' subdifferentials
    Subdifferential(commands::subdifferential::Subdifferential),
    /// Translate INDIAN's parameters into those of other methods and back
    Dictionary(commands::dictionary::Dictionary),
    /// Prove statements with all errors counted
    Certify(commands::certify::Certify),
    /// Train networks and compare methods
    Train(commands::train::Train),
    /// Measure the landscape of an objective or a network: spectrum, eigenpairs, sharpness, slices, gradient noise
    Landscape(commands::landscape::Landscape),
    /// Fit a rate of convergence on a column of a CSV file
    Rate(commands::rate::Rate),
    /// Run many trajectories at once: a grid of parameters and starts
    Sweep(Box<commands::sweep::Sweep>),
    /// Merge the shards of a sweep into one table
    Merge(commands::merge::Merge),
    /// Compare two records or two report folders, check by check
    Diff(commands::diff::Diff),
    /// Draw figures again from the records of the last `check`
    Figure(commands::figure::Figure),
    /// Print the JSON schema of checks.json
    Schema(commands::schema::Schema),
    /// Print completions for a shell
    Completions(commands::completions::Completions),
}

impl Command {
    /// The options that every command takes.
    pub fn common(&self) -> &Common {
        match self {
            Self::Check(c) => &c.common,
            Self::List(c) => &c.common,
            Self::Explain(c) => &c.common,
            Self::Simulate(c) => &c.common,
            Self::Iterate(c) => &c.common,
            Self::Compare(c) => &c.common,
            Self::Stability(c) => &c.common,
            Self::Map(c) => &c.common,
            Self::Subdifferential(c) => &c.common,
            Self::Dictionary(c) => &c.common,
            Self::Certify(c) => c.common(),
            Self::Train(c) => &c.common,
            Self::Landscape(c) => c.common(),
            Self::Rate(c) => &c.common,
            Self::Sweep(c) => &c.common,
            Self::Merge(c) => &c.common,
            Self::Diff(c) => &c.common,
            Self::Figure(c) => &c.common,
            Self::Schema(c) => &c.common,
            Self::Completions(c) => &c.common,
        }
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Folder of the report
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    /// Seed from which every random stream is derived
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = values::count, allow_hyphen_values = true)]
    pub seed: u64,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    pub jobs: Option<u64>,
    /// Take the options from the `plan` of a record; options given as well override it
    #[arg(long, value_name = "RECORD.json")]
    pub config: Option<PathBuf>,
    /// Print exactly one JSON record on standard output
    #[arg(long, action = ArgAction::SetTrue)]
    pub json: bool,
    /// Print no text and no progress
    #[arg(long, action = ArgAction::SetTrue)]
    pub quiet: bool,
    /// Write the result to a file: .csv, .json or .npy; sweeps also .npz and .sweep
    #[arg(short = 'o', long = "output", value_name = "FILE", value_parser = output::target)]
    pub output: Option<output::Target>,
}

/// Damping coefficients.
#[derive(Debug, Clone, Copy, Args)]
pub struct Damping {
    /// Viscous damping
    #[arg(long, value_name = "A", default_value_t = 0.5, value_parser = values::non_negative, allow_hyphen_values = true)]
    pub alpha: f64,
    /// Hessian-driven damping
    #[arg(long, value_name = "B", default_value_t = 0.1, value_parser = values::non_negative, allow_hyphen_values = true)]
    pub beta: f64,
}

/// The same where some methods or dynamics have neither. They are options of every command, so that a script may give them to
/// all methods; where one has no meaning the text says so.
#[derive(Debug, Args)]
pub struct GivenDamping {
    /// Viscous damping [default: 0.5]
    #[arg(long, value_name = "A", value_parser = values::non_negative, allow_hyphen_values = true)]
    pub alpha: Option<f64>,
    /// Hessian-driven damping [default: 0.1]
    #[arg(long, value_name = "B", value_parser = values::non_negative, allow_hyphen_values = true)]
    pub beta: Option<f64>,
}

impl GivenDamping {
    /// α as given, or 0.5.
    pub fn alpha(&self) -> f64 {
        self.alpha.unwrap_or(0.5)
    }

    /// β as given, or 0.1.
    pub fn beta(&self) -> f64 {
        self.beta.unwrap_or(0.1)
    }

    /// A line for each option that was given to `who`, which has no such parameter.
    pub fn unused(&self, who: &str, has_alpha: bool, has_beta: bool) -> String {
        let note = |name: &str, given: Option<f64>, has: bool| match given {
            Some(_) if !has => format!("note           --{name} has no effect: {who} has no {name}\n"),
            _ => String::new(),
        };
        note("alpha", self.alpha, has_alpha) + &note("beta", self.beta, has_beta)
    }
}

/// How the objective's formula is to be read.
#[derive(Debug, Clone, Args)]
pub struct Reading {
    /// Derivatives used at kinks [default: abs=0,relu=0,max=0.5]
    #[arg(long, value_name = "LIST", value_parser = values::selection)]
    pub kink: Option<Selection>,
    /// Order of the variables of an expression [default: natural sort]
    #[arg(long, value_name = "x,y,..")]
    pub variables: Option<String>,
}

impl Reading {
    /// Builds the objective, naming the option where that fails.
    pub fn objective(&self, specification: &str) -> anyhow::Result<Shared> {
        let variables =
            self.variables.as_ref().map(|list| list.split(',').map(|v| v.trim().to_owned()).collect());
        let typed = ["expr:", "sum:"].iter().any(|prefix| specification.starts_with(prefix));
        if variables.is_some() && !typed {
            anyhow::bail!(
                "--variables orders the variables of an expression, but --objective is neither `expr:…` nor `sum:…`"
            );
        }
        if let Some(network) = self.network(specification)? {
            return Ok(network);
        }
        let options = Options { selection: self.kink.unwrap_or_default(), variables };
        let objective = dinlab_objective::build(specification, &options)
            .map_err(|error| anyhow::anyhow!("--objective: {error}"))?;
        self.check_kinks(&*objective)?;
        Ok(objective)
    }

    /// The network on data that a specification `net:…` names; `None` for others.
    pub fn network(&self, specification: &str) -> anyhow::Result<Option<Arc<NetworkObjective>>> {
        let Some(network) = specification.trim().strip_prefix("net:") else { return Ok(None) };
        let objective = dinlab_neural::objective::build(network, self.kink.unwrap_or_default())
            .map_err(|error| anyhow::anyhow!("--objective: {error}"))?;
        self.check_kinks(&objective)?;
        Ok(Some(Arc::new(objective)))
    }

    /// Refuses a selection for an objective without kinks. The default may be repeated: a record states it for every
    /// objective.
    fn check_kinks(&self, objective: &dyn dinlab_objective::Objective) -> anyhow::Result<()> {
        match self.kink {
            Some(kink) if kink != Selection::default() && objective.facts().kinks.is_empty() => {
                let name: String = objective.name().chars().take(60).collect();
                anyhow::bail!(
                    "--kink {kink}: the objective `{name}` has no kinks; expected an objective with kinks, or no --kink"
                )
            }
            _ => Ok(()),
        }
    }
}

/// How the second variable starts; at most one of them.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct StartArgs {
    /// Initial velocity
    #[arg(long, value_name = "v,..", allow_hyphen_values = true)]
    pub velocity: Option<Vector>,
    /// Initial psi (needs beta > 0)
    #[arg(long, value_name = "p,..", allow_hyphen_values = true)]
    pub psi: Option<Vector>,
    /// Named start: rest (psi = (1 - alpha beta) theta, the default) or speed:c (velocity -c times the gradient)
    #[arg(long, value_name = "rest|speed:c", value_parser = values::named_start)]
    pub init: Option<Start>,
}

impl StartArgs {
    /// The start that was given, if one was; lengths are checked against the dimension.
    pub fn given(&self, dimension: usize, objective: &str) -> anyhow::Result<Option<Start>> {
        if let Some(v) = &self.velocity {
            check_length("--velocity", v, dimension, objective)?;
            return Ok(Some(Start::Velocity(v.0.clone())));
        }
        if let Some(p) = &self.psi {
            check_length("--psi", p, dimension, objective)?;
            return Ok(Some(Start::Psi(p.0.clone())));
        }
        Ok(self.init.clone())
    }
}

/// Refuses `--psi` where there is no ψ.
pub fn check_psi(start: Option<&Start>, beta: f64) -> anyhow::Result<()> {
    if matches!(start, Some(Start::Psi(_))) && beta == 0.0 {
        anyhow::bail!(
            "--psi needs --beta greater than 0: for beta = 0 there is no psi; give --velocity or --init instead"
        );
    }
    Ok(())
}

/// Refuses a vector that does not have the objective's dimension.
pub fn check_length(flag: &str, vector: &Vector, dimension: usize, objective: &str) -> anyhow::Result<()> {
    let found = vector.0.len();
    if found != dimension {
        let numbers = if found == 1 { "number" } else { "numbers" };
        let objective: String = objective.chars().take(60).collect();
        anyhow::bail!("objective `{objective}` has dimension {dimension}, but {flag} has {found} {numbers}");
    }
    Ok(())
}
