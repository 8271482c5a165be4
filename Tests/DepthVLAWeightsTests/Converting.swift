import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights

/// The built-in manifests, read once.
enum Library {
  static let embedded: Result<ManifestLibrary, WeightsError> = {
    do throws(WeightsError) {
      return .success(try ManifestLibrary.embedded())
    } catch { return .failure(error) }
  }()

  static func get() throws(WeightsError) -> ManifestLibrary { try embedded.get() }
}

extension FixtureCheckpoint {
  var jsonSettings: [(key: String, value: JSONValue)] {
    settings.map { ($0.key, (try? StrictJSON.parse($0.value)) ?? .string($0.value)) }
  }
}

/// Converts checkpoints as the command does, and opens the bundle.
@discardableResult
func convert(
  _ paths: [String], to target: String, precision: Precision = .source,
  settings: [(key: String, value: JSONValue)] = [],
  _ change: (inout ConversionOptions) -> Void = { _ in }
) throws(WeightsError) -> WeightBundle {
  let library = try Library.get()
  var sources: [ImportedSource] = []
  for path in paths { sources.append(try ImportedSource(path: path, library: library)) }
  var options = ConversionOptions(recipe: .preset(precision))
  options.keepsUnused = precision == .source
  options.settings = settings
  change(&options)
  _ = try Conversion(sources: sources, options: options, library: library).write(to: target)
  return try WeightBundle(path: target)
}

@discardableResult
func convert(
  _ fixture: FixtureCheckpoint, to target: String, precision: Precision = .source,
  _ change: (inout ConversionOptions) -> Void = { _ in }
) throws(WeightsError) -> WeightBundle {
  try convert(
    [fixture.path], to: target, precision: precision, settings: fixture.jsonSettings, change)
}

@discardableResult
func export(
  _ bundle: WeightBundle, naming: String, to target: String,
  _ change: (inout ExportOptions) -> Void = { _ in }
) throws(WeightsError) -> ExportResult {
  var options = ExportOptions(naming: naming)
  change(&options)
  return try Exporter(bundle, library: try Library.get(), options: options).write(to: target)
}

func compare(
  _ bundle: WeightBundle, against paths: [String]
) throws(WeightsError) -> BundleComparison {
  let library = try Library.get()
  var sources: [ImportedSource] = []
  for path in paths { sources.append(try ImportedSource(path: path, library: library)) }
  return try BundleComparison.compare(bundle, against: sources, library: library, threads: 1)
}

extension WeightBundle {
  /// The bytes of a tensor; none where there is no such tensor.
  func array(_ name: String) throws -> [UInt8] {
    guard let tensor = tensor(TensorName(name)) else { return [] }
    return try bytes(of: tensor, threads: 1).withBytes { bytes in
      unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
  }
}

extension PlainCheckpoint {
  /// The names of tensors that differ from another checkpoint's, those of one side included.
  func differences(from other: PlainCheckpoint) -> [String] {
    Set(tensors.keys).union(other.tensors.keys).filter { tensors[$0] != other.tensors[$0] }
      .sorted()
  }
}
