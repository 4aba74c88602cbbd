"""From an interaction log to a decision: promote a challenger, keep the champion, or wait."""
