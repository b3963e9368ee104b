//! Text made safe for LaTeX: special characters, accents, Greek and mathematical signs, so that the output is
//! pure ASCII and compiles with every engine.

/// `text` for LaTeX's text mode. A character without a known rendering is shown as its code point, never dropped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // θ̇ and θ˙: a dot that follows its letter belongs above it.
        if matches!(chars.peek(), Some('\u{307}' | '˙')) {
            chars.next();
            let letter = math(c).map_or_else(|| one(c), str::to_owned);
            out += &format!(r"\ensuremath{{\dot{{{letter}}}}}");
        } else {
            out += &one(c);
        }
    }
    out
}

fn one(c: char) -> String {
    match c {
        '\\' => r"\textbackslash{}".into(),
        '{' | '}' | '$' | '&' | '#' | '%' | '_' => format!("\\{c}"),
        '^' => r"\textasciicircum{}".into(),
        '~' => r"\textasciitilde{}".into(),
        '<' | '>' | '|' => format!(r"\ensuremath{{{c}}}"),
        '"' => "''".into(),
        // Braces keep -- and '' in the record from becoming a dash or a quotation mark.
        '-' => "{-}".into(),
        '\'' => "{'}".into(),
        '`' => "{`}".into(),
        '\n' | '\r' | '\t' => " ".into(),
        ' '..='~' => c.to_string(),
        _ => beyond_ascii(c),
    }
}

fn beyond_ascii(c: char) -> String {
    if let Some(text) = text_sign(c) {
        return text.into();
    }
    if let Some((accent, base)) = accent(c) {
        return format!("{{\\{accent}{{{base}}}}}");
    }
    if let Some(code) = math(c) {
        return format!(r"\ensuremath{{{code}}}");
    }
    if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') {
        return String::new();
    }
    format!("[U+{:04X}]", u32::from(c))
}

fn text_sign(c: char) -> Option<&'static str> {
    Some(match c {
        '–' => "--",
        '—' => "---",
        '‘' => "{`}",
        '’' => "{'}",
        '“' => "``",
        '”' => "''",
        '…' => r"\ldots{}",
        '§' => r"\S{}",
        '©' => r"\copyright{}",
        '°' => r"\ensuremath{^\circ}",
        'ß' => r"\ss{}",
        'æ' => r"\ae{}",
        'Æ' => r"\AE{}",
        'ø' => r"\o{}",
        'Ø' => r"\O{}",
        'ł' => r"\l{}",
        'Ł' => r"\L{}",
        'œ' => r"\oe{}",
        'Œ' => r"\OE{}",
        'ı' => r"\i{}",
        'å' => r"\aa{}",
        'Å' => r"\AA{}",
        '\u{a0}' | '\u{202f}' => "~",
        '\u{2009}' | '\u{200a}' => r"\,",
        '‐' | '‑' => "{-}",
        _ => return None,
    })
}

/// Accent command and base letter of an accented Latin letter.
pub(crate) fn accent(c: char) -> Option<(char, &'static str)> {
    const ACCENTED: &[(char, &str, &str)] = &[
        ('`', "àèìòùÀÈÌÒÙ", "aeiouAEIOU"),
        ('\'', "áéíóúýćńśźÁÉÍÓÚÝĆŃŚŹ", "aeiouycnszAEIOUYCNSZ"),
        ('^', "âêîôûÂÊÎÔÛ", "aeiouAEIOU"),
        ('"', "äëïöüÿÄËÏÖÜ", "aeiouyAEIOU"),
        ('~', "ãñõÃÑÕ", "anoANO"),
        ('c', "çşţÇŞŢ", "cstCST"),
        ('v', "čďěňřšťžČĎĚŇŘŠŤŽ", "cdenrstzCDENRSTZ"),
        ('u', "ăğĂĞ", "agAG"),
        ('H', "őűŐŰ", "ouOU"),
        ('k', "ąęĄĘ", "aeAE"),
        ('.', "żİŻ", "zIZ"),
        ('r', "ůŮ", "uU"),
    ];
    ACCENTED.iter().find_map(|(command, accented, bases)| {
        let at = accented.chars().position(|a| a == c)?;
        Some((*command, bases.get(at..=at)?))
    })
}

/// LaTeX code, for math mode, of a mathematical character.
fn math(c: char) -> Option<&'static str> {
    SIGNS.iter().find(|(sign, _)| *sign == c).map(|(_, code)| *code)
}

/// Only commands of plain LaTeX: no package is needed.
const SIGNS: &[(char, &str)] = &[
    ('α', r"\alpha"),
    ('β', r"\beta"),
    ('γ', r"\gamma"),
    ('δ', r"\delta"),
    ('ε', r"\varepsilon"),
    ('ϵ', r"\epsilon"),
    ('ζ', r"\zeta"),
    ('η', r"\eta"),
    ('θ', r"\theta"),
    ('ϑ', r"\vartheta"),
    ('ι', r"\iota"),
    ('κ', r"\kappa"),
    ('λ', r"\lambda"),
    ('μ', r"\mu"),
    ('µ', r"\mu"),
    ('ν', r"\nu"),
    ('ξ', r"\xi"),
    ('ο', "o"),
    ('π', r"\pi"),
    ('ρ', r"\rho"),
    ('σ', r"\sigma"),
    ('ς', r"\varsigma"),
    ('τ', r"\tau"),
    ('υ', r"\upsilon"),
    ('φ', r"\varphi"),
    ('ϕ', r"\phi"),
    ('χ', r"\chi"),
    ('ψ', r"\psi"),
    ('ω', r"\omega"),
    ('Α', "A"),
    ('Β', "B"),
    ('Γ', r"\Gamma"),
    ('Δ', r"\Delta"),
    ('∆', r"\Delta"),
    ('Ε', "E"),
    ('Ζ', "Z"),
    ('Η', "H"),
    ('Θ', r"\Theta"),
    ('Ι', "I"),
    ('Κ', "K"),
    ('Λ', r"\Lambda"),
    ('Μ', "M"),
    ('Ν', "N"),
    ('Ξ', r"\Xi"),
    ('Ο', "O"),
    ('Π', r"\Pi"),
    ('Ρ', "P"),
    ('Σ', r"\Sigma"),
    ('Τ', "T"),
    ('Υ', r"\Upsilon"),
    ('Φ', r"\Phi"),
    ('Χ', "X"),
    ('Ψ', r"\Psi"),
    ('Ω', r"\Omega"),
    ('⁰', "^{0}"),
    ('¹', "^{1}"),
    ('²', "^{2}"),
    ('³', "^{3}"),
    ('⁴', "^{4}"),
    ('⁵', "^{5}"),
    ('⁶', "^{6}"),
    ('⁷', "^{7}"),
    ('⁸', "^{8}"),
    ('⁹', "^{9}"),
    ('⁺', "^{+}"),
    ('⁻', "^{-}"),
    ('ⁿ', "^{n}"),
    ('ⁱ', "^{i}"),
    ('ᵀ', "^{T}"),
    ('ᵗ', "^{t}"),
    ('ᵏ', "^{k}"),
    ('ᵖ', "^{p}"),
    ('′', "'"),
    ('″', "''"),
    ('₀', "_{0}"),
    ('₁', "_{1}"),
    ('₂', "_{2}"),
    ('₃', "_{3}"),
    ('₄', "_{4}"),
    ('₅', "_{5}"),
    ('₆', "_{6}"),
    ('₇', "_{7}"),
    ('₈', "_{8}"),
    ('₉', "_{9}"),
    ('₊', "_{+}"),
    ('₋', "_{-}"),
    ('ₙ', "_{n}"),
    ('ₖ', "_{k}"),
    ('ᵢ', "_{i}"),
    ('ⱼ', "_{j}"),
    ('ₜ', "_{t}"),
    ('ₕ', "_{h}"),
    ('ₘ', "_{m}"),
    ('ₚ', "_{p}"),
    ('−', "-"),
    ('±', r"\pm"),
    ('∓', r"\mp"),
    ('×', r"\times"),
    ('·', r"\cdot"),
    ('⋅', r"\cdot"),
    ('÷', r"\div"),
    ('∕', "/"),
    ('⁄', "/"),
    ('∘', r"\circ"),
    ('•', r"\bullet"),
    ('⋆', r"\star"),
    ('∗', "*"),
    ('†', r"\dagger"),
    ('½', r"\frac12"),
    ('¼', r"\frac14"),
    ('¾', r"\frac34"),
    ('⅓', r"\frac13"),
    ('⅔', r"\frac23"),
    ('√', r"\surd"),
    ('∛', r"^{3}\!\surd"),
    ('∞', r"\infty"),
    ('∂', r"\partial"),
    ('∇', r"\nabla"),
    ('∑', r"\sum"),
    ('∏', r"\prod"),
    ('∫', r"\int"),
    ('ℓ', r"\ell"),
    ('ℝ', r"\mathbf{R}"),
    ('ℂ', r"\mathbf{C}"),
    ('ℕ', r"\mathbf{N}"),
    ('ℤ', r"\mathbf{Z}"),
    ('ℚ', r"\mathbf{Q}"),
    ('𝔼', r"\mathbf{E}"),
    ('ℙ', r"\mathbf{P}"),
    ('≤', r"\leq"),
    ('≥', r"\geq"),
    ('⩽', r"\leq"),
    ('⩾', r"\geq"),
    ('≪', r"\ll"),
    ('≫', r"\gg"),
    ('≠', r"\neq"),
    ('≈', r"\approx"),
    ('≃', r"\simeq"),
    ('≅', r"\cong"),
    ('∼', r"\sim"),
    ('≡', r"\equiv"),
    ('∝', r"\propto"),
    ('≺', r"\prec"),
    ('≻', r"\succ"),
    ('⪯', r"\preceq"),
    ('⪰', r"\succeq"),
    ('≼', r"\preceq"),
    ('≽', r"\succeq"),
    ('∈', r"\in"),
    ('∉', r"\notin"),
    ('∋', r"\ni"),
    ('⊂', r"\subset"),
    ('⊆', r"\subseteq"),
    ('∪', r"\cup"),
    ('∩', r"\cap"),
    ('∅', r"\emptyset"),
    ('∖', r"\setminus"),
    ('∀', r"\forall"),
    ('∃', r"\exists"),
    ('¬', r"\neg"),
    ('∧', r"\wedge"),
    ('∨', r"\vee"),
    ('→', r"\to"),
    ('←', r"\leftarrow"),
    ('↔', r"\leftrightarrow"),
    ('↦', r"\mapsto"),
    ('⇒', r"\Rightarrow"),
    ('⇐', r"\Leftarrow"),
    ('⇔', r"\Leftrightarrow"),
    ('↓', r"\downarrow"),
    ('↑', r"\uparrow"),
    ('‖', r"\Vert"),
    ('∥', r"\Vert"),
    ('∣', r"\mid"),
    ('⟨', r"\langle"),
    ('⟩', r"\rangle"),
    ('⌊', r"\lfloor"),
    ('⌋', r"\rfloor"),
    ('⌈', r"\lceil"),
    ('⌉', r"\rceil"),
    ('⊤', r"\top"),
    ('⊥', r"\perp"),
    ('⊗', r"\otimes"),
    ('⊕', r"\oplus"),
    ('⋯', r"\cdots"),
    ('˙', r"\dot{\ }"),
    ('✓', r"\surd"),
    ('✗', r"\times"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape(r"50% of $x_1 & #2 {a}"), r"50\% of \$x\_1 \& \#2 \{a\}");
        assert_eq!(escape(r"a\b^c~d"), r"a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d");
        assert_eq!(escape("--until <5>"), r"{-}{-}until \ensuremath{<}5\ensuremath{>}");
    }

    #[test]
    fn mathematics_and_accents_become_ascii() {
        let text = "‖∇J(θ*)‖² ≤ γ₀·√2, αβ < ½, Févotte, Łojasiewicz, θ̇, θ˙₀, Bégout—“so” 汉";
        let escaped = escape(text);
        assert!(escaped.is_ascii(), "{escaped}");
        for part in [
            r"\ensuremath{\nabla}",
            r"F{\'{e}}votte",
            r"\L{}ojasiewicz",
            r"\ensuremath{\dot{\theta}}",
            "[U+6C49]",
        ] {
            assert!(escaped.contains(part), "{part} in {escaped}");
        }
    }

    #[test]
    fn accents_pair_up() {
        assert_eq!(accent('é'), Some(('\'', "e")));
        assert_eq!(accent('ž'), Some(('v', "z")));
        assert_eq!(accent('e'), None);
    }
}
