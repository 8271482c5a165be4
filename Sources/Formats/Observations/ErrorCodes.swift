public import DVLADiagnostics

extension WeightsError.Code {
  /// No such file or folder, a folder without an index, or a file that the index lists and that is
  /// not there.
  public static let observationMissing = Self("observation.missing")
  /// A file is not the one that the index lists, or its data are not those that were written.
  public static let observationDigest = Self("observation.digest")
  /// The safetensors format of a file is broken.
  public static let observationHeader = Self("observation.header")
  /// The index breaks a rule.
  public static let observationIndex = Self("observation.index")
  /// A key of the metadata is missing, unknown or has a value that it may not have.
  public static let observationMetadata = Self("observation.metadata")
  /// A tensor is missing, or one too many is there.
  public static let observationTensor = Self("observation.tensor")
  /// The file, or the index, is larger than it may be.
  public static let observationSize = Self("observation.size")
  /// A file or an index of another format.
  public static let observationFormat = Self("observation.format")
  /// A version of the format that this reader does not know.
  public static let observationVersion = Self("observation.version")
  /// A name, a key, a camera or a file occurs twice.
  public static let observationDuplicate = Self("observation.duplicate")
  /// No cameras, too many, or one with a name that none may have.
  public static let observationCamera = Self("observation.camera")
  /// A picture of another type or size than pictures may have.
  public static let observationPicture = Self("observation.picture")
  /// A state of another type or size, or one that is not finite.
  public static let observationState = Self("observation.state")
  /// Noise of another type or shape, or that is not finite.
  public static let observationNoise = Self("observation.noise")
  /// Demonstrated actions of another type or shape, or that are not finite.
  public static let observationActions = Self("observation.actions")
  /// Depth of another size than its picture, that is not finite or negative, or without a unit.
  public static let observationDepth = Self("observation.depth")
  /// An instruction that is too long or has a NUL.
  public static let observationInstruction = Self("observation.instruction")
  /// An answer that no policy can have given to the observation.
  public static let observationAnswer = Self("observation.answer")
  /// The folder is not one that can be recorded into.
  public static let observationExists = Self("observation.exists")
  /// The folder cannot be made.
  public static let observationCreate = Self("observation.create")
  /// Reading or writing failed.
  public static let observationIO = Self("observation.io")
}
