import Testing
import Tokenization
