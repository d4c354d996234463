"""From a bank to pictures with title and caption, and to one page that holds them all."""
