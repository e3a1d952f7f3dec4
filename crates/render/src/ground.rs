//! What fills a picture behind everything: the background of `html`, or else that of `body`, is the canvas' (CSS 2.2,
//! section 14.2). The drawing library paints each where its box is; here it gets a box as large as the picture. Knows
//! computed styles; draws nothing.

use std::mem::take;
use std::rc::Rc;

use takumi::prelude::{ColorInput, Node, Style, StyleDeclarationBlock};
use takumi::unstable::base::layout::tree::RenderNode;

/// The box of the ground: rules for all elements meet it too, so it says all that could move or hide it.
const STYLE: &str = "position:fixed;left:0;top:0;width:100vw;height:100vh;min-width:0;min-height:0;max-width:none;\
    max-height:none;margin:0;padding:0;border:none;border-radius:0;box-shadow:none;outline:none;display:block;\
    opacity:1;transform:none;filter:none;clip-path:none;mask-image:none;z-index:-2147483647";

/// Gives the background of the page's root, or of its body where the root has none, to the whole picture.
pub(super) fn spread(root: &mut RenderNode) {
    if !is(root, "html") {
        return;
    }
    let owner = if has_background(root) {
        Some(&mut *root)
    } else {
        let mut children = root.children.iter_mut().flatten();
        children.find(|child| is(child, "body") && has_background(child))
    };
    let Some(owner) = owner else { return };
    let background = take(&mut Rc::make_mut(&mut owner.context.style).background_data);
    let current_color = owner.context.current_color;

    let style = Style::from(StyleDeclarationBlock::parse_loosy(STYLE));
    let canvas = Node::container(Vec::new()).with_style(style);
    let mut ground = RenderNode::from_node(&root.context, canvas);
    ground.context.current_color = current_color;
    Rc::make_mut(&mut ground.context.style).background_data = background;
    let mut children: Vec<RenderNode> = take(&mut root.children).into_iter().flatten().collect();
    children.push(ground);
    root.children = Some(children.into());
}

fn is(node: &RenderNode, tag: &str) -> bool {
    let name = node.node.as_ref().and_then(Node::tag_name);
    name.is_some_and(|name| name.eq_ignore_ascii_case(tag))
}

fn has_background(node: &RenderNode) -> bool {
    let background = &node.context.style.background_data;
    let seen = match background.background_color {
        ColorInput::Value(color) => color.0[3] != 0,
        _ => true,
    };
    seen || background.background_image.is_some()
}
