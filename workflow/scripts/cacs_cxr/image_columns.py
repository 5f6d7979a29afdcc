"""What the evaluation may know of a patient's radiograph, beside what is known of the patient: optional columns."""

from collections.abc import Mapping

VENDOR, VIEW, INTERVAL, FLAGGED = "vendor", "view", "days_to_score", "flagged"

# Kind of each: text; days may be negative (radiograph after the score); flag is True or False. All may be empty.
IMAGE_COLUMNS: Mapping[str, str] = {VENDOR: "text", VIEW: "text", INTERVAL: "days", FLAGGED: "flag"}

# Predictions of corrupted radiographs of development patients, which an archive may bring.
CORRUPTED_COLUMNS: Mapping[str, str] = {
    "patient": "text", "model": "text", "threshold": "text", "corruption": "text", "severity": "count",
    "probability": "number",
}  # fmt: skip
