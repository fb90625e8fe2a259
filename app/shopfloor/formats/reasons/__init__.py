"""Why a file is not let in: every reason as a code, a sentence, a hint and remedies."""
