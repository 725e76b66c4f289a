"""What is said before anything looks at a face."""

NOTICE = (
    "Faces are processed on this machine only, and nothing is stored unless asked for. "
    "Regulation (EU) 2024/1689 (AI Act), Article 5(1)(f), forbids inferring emotions "
    "at work and in education, except for medical or safety reasons."
)
