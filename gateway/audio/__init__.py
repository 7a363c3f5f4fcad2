"""Sound in and out of the APIs: texts spoken, clips and streams understood."""
