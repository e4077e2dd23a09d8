//! Data directories and components of released versions: every later version must open, show, resume and run them.
