"""The names of the rivals, which the journal, the tables and the command line know them by."""

LOGISTIC_REGRESSION = "logistic-regression"
NB_SVM = "nb-svm"
RIVALS = (LOGISTIC_REGRESSION, NB_SVM)
