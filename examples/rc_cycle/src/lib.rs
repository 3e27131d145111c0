//! A tree whose children know their parent: two `Rc`s that hold each other are never freed.
//!
//! Safe Rust allows this leak, and neither the borrow checker nor clippy reports it. The tree of `cyclic`
//! holds its parents by `Rc`, so every count stays above zero forever. `acyclic` holds them
//! by `Weak`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// Parents held by `Rc`: parent and child keep each other alive. The leak.
pub mod cyclic {
    use super::*;

    /// A node of a document.
    #[derive(Debug, Default)]
    pub struct Node {
        parent: RefCell<Option<Rc<Node>>>,
        children: RefCell<Vec<Rc<Node>>>,
    }

    /// Adds a child.
    pub fn add(parent: &Rc<Node>) -> Rc<Node> {
        let child = Rc::new(Node::default());
        *child.parent.borrow_mut() = Some(Rc::clone(parent));
        parent.children.borrow_mut().push(Rc::clone(&child));
        child
    }

    /// How many nodes are above this one.
    pub fn depth(node: &Node) -> usize {
        node.parent.borrow().as_ref().map_or(0, |parent| 1 + depth(parent))
    }
}

/// Parents held by `Weak`: the tree goes with its root.
pub mod acyclic {
    use super::*;

    /// A node of a document.
    #[derive(Debug, Default)]
    pub struct Node {
        parent: RefCell<Weak<Node>>,
        children: RefCell<Vec<Rc<Node>>>,
    }

    /// Adds a child.
    pub fn add(parent: &Rc<Node>) -> Rc<Node> {
        let child = Rc::new(Node::default());
        *child.parent.borrow_mut() = Rc::downgrade(parent);
        parent.children.borrow_mut().push(Rc::clone(&child));
        child
    }

    /// How many nodes are above this one.
    pub fn depth(node: &Node) -> usize {
        node.parent.borrow().upgrade().map_or(0, |parent| 1 + depth(&parent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memcheck::memcheck;

    /// Fails: root, child and the root's list of children survive.
    #[memcheck]
    fn a_cyclic_tree_is_freed() {
        let root = Rc::new(cyclic::Node::default());
        let child = cyclic::add(&root);
        assert_eq!(cyclic::depth(&child), 1);
    }

    /// Passes.
    #[memcheck]
    fn an_acyclic_tree_is_freed() {
        let root = Rc::new(acyclic::Node::default());
        let child = acyclic::add(&root);
        assert_eq!(acyclic::depth(&child), 1);
    }
}
