public import DVLABundles
public import DVLADiagnostics
public import DVLAJSON

/// A configuration with the files beside the weights, of a bundle or of one that is about to be
/// written.
public protocol AssetSource: Sendable {
  /// The path that errors name.
  var path: String { get }
  var family: String { get }
  var configuration: JSONValue { get }

  /// The files with that role, in the order of their names.
  func assets(_ role: BundleAsset.Role) -> [BundleAsset]

  /// The file itself, where errors should name it rather than the bundle.
  func place(of asset: BundleAsset) -> String?

  /// All of a file.
  ///
  /// - Throws: `file.*`, `bundle.*`.
  func bytes(of asset: BundleAsset) throws(WeightsError) -> [UInt8]
}

extension WeightBundle: AssetSource {
  public var family: String { documents.family }
  public var configuration: JSONValue { documents.configuration }
}

extension AssetSource {
  public func place(of asset: BundleAsset) -> String? { nil }

  /// The families with its own first.
  func ordered(_ families: [String]) -> [String] {
    families.filter { $0 == family } + families.filter { $0 != family }
  }

  /// The result of `make` for the bytes of an asset; its errors name the asset.
  func reading<Value>(
    _ asset: BundleAsset, _ make: ([UInt8]) throws(WeightsError) -> Value
  ) throws(WeightsError) -> Value {
    let bytes = try bytes(of: asset)
    do throws(WeightsError) { return try make(bytes) } catch {
      let place = place(of: asset)
      var error = place == nil ? error.prefixed("asset \(asset.name): ") : error
      error.file = place ?? path
      throw error
    }
  }
}
