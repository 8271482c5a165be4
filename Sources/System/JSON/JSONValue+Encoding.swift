extension JSONValue {
  /// The value as JSON text, written by json-c: members in their order, doubles as the shortest
  /// decimal that reads back as the same double, text outside ASCII unescaped. The same value
  /// always gives the same text, and parsing it gives the value again, but for NaN and the
  /// infinities, which JSON lacks: they are written as `null`, as ECMAScript does.
  ///
  /// - Parameter pretty: one member or element a line, indented by two spaces.
  /// - Precondition: no key holds NUL, and the text stays under 2 GiB even if every byte of its
  ///   strings is escaped.
  public func encoded(pretty: Bool = false) -> String {
    JSONCWriter.encode(self, pretty: pretty)
  }
}
