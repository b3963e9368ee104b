//! LaTeX formulas as MathML, which browsers draw without a script.

use pulldown_latex::config::DisplayMode;
use pulldown_latex::{push_mathml, Event, Parser, RenderConfig, Storage};

/// MathML of a formula in display mode, or None where the LaTeX is not understood; the caller then shows the
/// source. The result is safe to put into a page: the renderer escapes all text of the formula.
pub fn display(latex: &str) -> Option<String> {
    if latex.trim().is_empty() {
        return None;
    }
    let storage = Storage::new();
    // A half-understood formula would be shown with error marks inside: refuse it as a whole instead.
    let events: Vec<Event<'_>> = Parser::new(latex, &storage).collect::<Result<_, _>>().ok()?;
    let config = RenderConfig { display_mode: DisplayMode::Block, ..RenderConfig::default() };
    let mut mathml = String::new();
    let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
    push_mathml(&mut mathml, events, config).ok()?;
    // Slips of the renderer: control spaces are entities whose ampersand is escaped again, the operator < is not
    // escaped, and \mu is the micro sign, which fonts draw upright.
    mathml = mathml.replace("&amp;nbsp;", "\u{a0}").replace("><</mo>", ">&lt;</mo>").replace('\u{b5}', "μ");
    // The thin space before an operator such as log belongs before its script, not into it as a further child.
    for script in ["msup", "msub", "msubsup", "munder", "mover", "munderover"] {
        mathml = mathml.replace(
            &format!(r#"<{script}><mspace width="0.1667em" />"#),
            &format!(r#"<mspace width="0.1667em" /><{script}>"#),
        );
    }
    Some(mathml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_mathml() {
        let mathml = display(
            r"\ddot\theta + \alpha\dot\theta + \beta\nabla^2 J(\theta)\dot\theta + \nabla J(\theta) = 0",
        )
        .unwrap();
        assert!(mathml.starts_with("<math") && mathml.ends_with("</math>"), "{mathml}");
        assert!(mathml.contains("θ") && mathml.contains('∇'), "{mathml}");
    }

    #[test]
    fn constructions_of_the_checks_are_understood() {
        for latex in [
            r"\rho<1\iff\gamma<\beta+\frac{\alpha}{\lambda}\ \text{ and }\ 4-2\gamma(\alpha+\beta\lambda)>0",
            r"\|X_{T/\gamma}-X(T)\|=C\gamma+O(\gamma^2),\qquad \dot{\tilde X}_\gamma=f-\tfrac{\gamma}{2}f'f",
            r"\begin{cases} \dot\theta = u \\ \dot u = -\alpha u \end{cases}",
            r"\begin{aligned} a &= b \\ &\le \lVert c\rVert^2 \end{aligned}",
            r"\left\langle x, y\right\rangle \in \mathbb{R}^n,\ \bar J \to \infty,\ \Bigl(\sum_{k=0}^{N} \gamma_k\Bigr)^{-1}",
            r"\operatorname*{arg\,min}_{x} \max\{|x|, \sqrt[3]{y}\}",
        ] {
            let mathml = display(latex);
            assert!(
                mathml.as_deref().is_some_and(|m| !m.contains("&amp;nbsp") && !m.contains("<<")),
                "{latex}: {mathml:?}"
            );
        }
    }

    #[test]
    fn operators_with_exponents_have_a_base_and_an_exponent() {
        let mathml = display(r"8\log^2\mu").unwrap();
        assert!(mathml.contains("<msup><mi>log</mi><mn>2</mn></msup>"), "{mathml}");
        assert!(mathml.contains('μ') && !mathml.contains('\u{b5}'), "{mathml}");
    }

    #[test]
    fn what_is_not_latex_is_refused() {
        assert_eq!(display(r"\undefinedmacro{x}"), None);
        assert_eq!(display(r"\frac{1}"), None);
        assert_eq!(display("  "), None);
    }

    #[test]
    fn text_in_formulas_is_escaped() {
        let mathml = display(r"x < 1, \text{<script>alert(1)</script>}").unwrap();
        assert!(!mathml.contains("<script"), "{mathml}");
    }
}
