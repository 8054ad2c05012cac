"""The manual made from the code: reference pages, manual pages for man(1), and the documents as a site with checked links."""
