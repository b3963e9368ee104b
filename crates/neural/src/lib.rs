//! Networks and data sets as objectives, and training runs: own forward and backward passes with a stated selection at kinks, in `f32` and `f64`
//! and with exact Hessian-vector products; results do not depend on the number of threads.

pub mod architecture;
pub mod checkpoint;
pub mod contest;
pub mod data;
pub mod direction;
pub mod error;
pub mod evaluate;
pub mod gemm;
pub mod initial;
pub mod layer;
pub mod loss;
pub mod method;
pub mod network;
pub mod number;
pub mod objective;
pub mod op;
pub mod pass;
pub mod reference;
pub mod search;
pub mod tangent;
pub mod train;

pub use contest::{Contender, Contest, Keep};
pub use data::{Dataset, Part, Targets};
pub use error::NeuralError;
pub use evaluate::{Evaluator, Sums};
pub use initial::Initial;
pub use layer::{Activation, Layer, Loss, Shape, Window};
pub use method::{Method, State};
pub use network::Network;
pub use number::{Number, Real};
pub use objective::NetworkObjective;
pub use reference::Reference;
pub use search::Setting;
pub use tangent::Tangent;
pub use train::{Plan, Point, Progress, Training};
