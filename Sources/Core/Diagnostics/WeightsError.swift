/// The one error of the toolkit: what is wrong, where, and what was expected and found.
///
/// Two errors are equal when their codes are, so that a test or a caller can match on the rule
/// that was broken without repeating its wording.
public struct WeightsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The rule that was broken, as a stable dotted word such as `safetensors.header-too-large`.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
  }

  public var code: Code
  /// The class of the failure, which decides the exit status of the command.
  public var kind: Kind
  /// The file the error is about, as the user named it.
  public var file: String?
  /// The tensor the error is about.
  public var tensor: String?
  /// What is wrong, with what was expected and found: lower case, no full stop.
  public var message: String
  /// Further problems found in the same pass, one line each.
  public var details: [String]
  /// What the caller can do about it, the most useful first; empty if only other input helps.
  public var remedies: [Remedy]

  public init(
    _ code: Code, _ kind: Kind, file: String? = nil, tensor: String? = nil,
    _ message: String, details: [String] = [], remedies: [Remedy] = []
  ) {
    self.code = code
    self.kind = kind
    self.file = file
    self.tensor = tensor
    self.message = message
    self.details = details
    self.remedies = remedies
  }

  /// An error about malformed, corrupt or unsuitable input.
  public init(
    _ code: Code, file: String? = nil, tensor: String? = nil, _ message: String,
    details: [String] = [], remedies: [Remedy] = []
  ) {
    self.init(
      code, .malformed, file: file, tensor: tensor, message, details: details, remedies: remedies)
  }

  public static func == (a: Self, b: Self) -> Bool { a.code == b.code }

  /// One line: `file: tensor "name": message`, safe to print on a terminal.
  public var description: String {
    var line = ""
    if let file, !file.isEmpty { line += file.escapedForTerminal + ": " }
    if let tensor { line += "tensor \(tensor.quoted): " }
    return line + message.escapedMessage
  }

  /// The same error with the file filled in, where it was not known deeper down.
  public func inFile(_ file: String) -> Self {
    var copy = self
    if copy.file == nil { copy.file = file }
    return copy
  }

  /// The same error, whose message says first what it is about.
  public func prefixed(_ words: String) -> Self {
    var copy = self
    copy.message = words + message
    return copy
  }

  /// The same error with the tensor filled in, where it was not known deeper down.
  public func inTensor(_ tensor: String) -> Self {
    var copy = self
    if copy.tensor == nil { copy.tensor = tensor }
    return copy
  }
}

/// The result of `body`; an error of it that names no file yet is about `file`.
///
/// - Throws: what `body` throws, with the file filled in.
public func inFile<Result>(
  _ file: @autoclosure () -> String, _ body: () throws(WeightsError) -> Result
) throws(WeightsError) -> Result {
  do throws(WeightsError) { return try body() } catch { throw error.inFile(file()) }
}

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
