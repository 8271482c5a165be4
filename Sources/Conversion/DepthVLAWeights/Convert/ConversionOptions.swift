public import DVLABundles
public import DVLAJSON
public import DVLAQuantization
public import DVLARemapping

/// What the user asks of a conversion, beside the sources.
public struct ConversionOptions: Sendable {
  /// The family the bundle is of; nil: that of a single source, depthvla for several.
  public var family: String?
  public var recipe: Recipe
  /// What compensated rounding needs; nil: the recipe has none.
  public var calibration: Calibration?
  /// The digest of the calibration that a bundle was made with, where it is not at hand.
  var recordedCalibration: String?
  public var packing: BundlePacking = .packed(smallest: false)
  /// Component to family: which source a component is taken from where several have it.
  public var choices: [String: String] = [:]
  /// Configuration values that no source says, by dotted key.
  public var settings: [(key: String, value: JSONValue)] = []
  /// Draws tensors that no source has with this seed; nil: they are errors.
  public var seed: UInt64?
  /// Accepts tensors that hold NaN or infinity; quantizing them to INT8 stays an error.
  public var allowsNonFinite = false
  /// Refuses documents with unknown keys; otherwise such keys are noted.
  public var refusesUnknownKeys = false
  /// Whether tensors that no forward reads are kept, so that a source can be written back whole.
  /// The commands keep them at source precision.
  public var keepsUnused = false
  /// The files that travel with the tensors.
  public var assets = AssetChoice()
  /// Signs the bundle; nil: it stays unsigned.
  public var signing: SigningOptions?
  /// The recipe that a search has found, to be written before the bundle has its name; nil: none.
  public var recipeOutput: RecipeOutput?
  /// Whether what `run` would refuse of the bundle is refused before it is written.
  var isRehearsed = true
  /// The keys of a bundle under `processing`, in place of what the documents beside the weights
  /// say.
  var recordedProcessing: Configuration?
  public var overwrite = false
  /// Continues what an earlier run of the same conversion left unfinished, and keeps what this one
  /// cannot finish.
  public var resumes = false
  public var threads = 1

  public init(recipe: Recipe) { self.recipe = recipe }
}

extension Configuration {
  /// The values that the user gave.
  public init(settings: [(key: String, value: JSONValue)]) {
    self.init()
    for (key, value) in settings { set(key, value, origin: Self.userOrigin) }
  }

  /// Where such a value came from, in messages about values that contradict each other.
  private static let userOrigin = "the given settings"
}
