"""Programs that run inside, beside what is traced: a lab's namespaces are nobody's to enter from outside."""
