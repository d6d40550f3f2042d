"""Reading published weights, one file per format."""
