import Diagnostics
public import StrictJSON

extension NamingManifest {
  /// What a config.json says, under the layout's keys; nil where this naming's library has none,
  /// so that a file of that name beside the weights means something else.
  ///
  /// - Parameter axes: what the tensors show.
  /// - Throws: `remap.contradiction`.
  func statedConfiguration(
    in document: JSONValue, axes: Configuration
  ) throws(WeightsError) -> Configuration? {
    try config?.read(document, axes: axes)
  }

  /// The config.json that this naming's library reads, or nil where it has none.
  ///
  /// - Parameter dtype: the main dtype in the library's words, such as `bfloat16`.
  public func configDocument(for configuration: Configuration, dtype: String) -> JSONValue? {
    config?.document(for: configuration, dtype: dtype)
  }
}
