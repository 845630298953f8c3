"""Networks: their exact size in closed form, the Keras model, and the fast recurrence that trains it on a CPU."""
