"""The simulated sites: population, physical radiograph model, DICOM files, and the truth that they were drawn from."""
