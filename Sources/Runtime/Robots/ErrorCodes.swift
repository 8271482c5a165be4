public import DVLADiagnostics

extension WeightsError.Code {
  /// There is no preset of that name, or it says nothing without a policy's documents.
  public static let robotPreset = Self("robot.preset")
  /// A value that a robot's document may not have.
  public static let robotValue = Self("robot.value")
  /// A key of an observation that a robot's document uses twice, or one that is the server's own.
  public static let robotKey = Self("robot.key")
  /// A robot and a policy that do not fit each other.
  public static let robotFit = Self("robot.fit")

  /// An observation lacks a key, or has one that its robot does not send.
  public static let observationKey = Self("observation.key")
  /// A value of an observation is of another kind, type, rank or size than its robot sends.
  public static let observationKind = Self("observation.kind")
  /// A sample of a picture in floats is outside 0 to 1, or no byte stands for it.
  public static let observationRange = Self("observation.range")
  /// A state that holds NaN or infinity.
  public static let observationNotFinite = Self("observation.not-finite")
  /// An instruction that is too long, or no text.
  public static let observationText = Self("observation.text")
}
