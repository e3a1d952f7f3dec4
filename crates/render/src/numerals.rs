//! The ten numerals side by side, on a transparent ground: what a contact sheet numbers its slides with.

/// The page, to be drawn at [`NUMERALS_SIZE`]. Each numeral has a tenth of its width.
pub const NUMERALS: &str = concat!(
    "<style>*{margin:0;box-sizing:border-box} body{position:relative;width:130px;height:32px;",
    "font-family:'Noto Sans CJK SC';font-size:22px;line-height:32px}",
    "b{color:#6b6b68;position:absolute;top:0;width:13px;text-align:center;font-weight:700}</style><body>",
    "<b style='left:0'>0</b>",
    "<b style='left:13px'>1</b>",
    "<b style='left:26px'>2</b>",
    "<b style='left:39px'>3</b>",
    "<b style='left:52px'>4</b>",
    "<b style='left:65px'>5</b>",
    "<b style='left:78px'>6</b>",
    "<b style='left:91px'>7</b>",
    "<b style='left:104px'>8</b>",
    "<b style='left:117px'>9</b></body>",
);
/// Pixels across and down.
pub const NUMERALS_SIZE: (u32, u32) = (130, 32);
