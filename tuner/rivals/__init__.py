"""Linear models of word sequences, which every search is held against: TF-IDF with logistic regression, and NB-SVM."""
