public import DVLAJSON

extension NamingManifest {
  /// The config.json that this naming's library reads, or nil where it has none.
  ///
  /// - Parameter dtype: the main dtype in the library's words, such as `bfloat16`.
  public func configDocument(for configuration: Configuration, dtype: String) -> JSONValue? {
    config?.document(for: configuration, dtype: dtype)
  }
}
