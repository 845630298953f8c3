"""What several tests share: made-up runs and trainings, commands in processes of their own, services on this machine."""
