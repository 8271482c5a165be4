extension WeightsError {
  /// The class of a failure. The raw value is the exit status of the command (sysexits.h).
  public enum Kind: Int32, Sendable {
    /// A check failed: verify, parity, or diff found differences.
    case checkFailed = 1
    /// The call itself is wrong.
    case usage = 64
    /// Input is malformed, corrupt, or of another model than was asked for.
    case malformed = 65
    /// Input does not exist.
    case notFound = 66
    /// A resource ran out (memory, file descriptors).
    case unavailable = 69
    /// Output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed.
    case inputOutput = 74
    /// Stopped by the user.
    case interrupted = 130
  }
}
