/// One self-contained HTML file: nothing is fetched, nothing runs.
///
/// Its own policy forbids scripts and connections, so that a browser refuses what an oversight
/// would let through. The bytes depend on what is put in alone.
public struct Page: Sendable {
  public let title: String
  public let body: Markup

  public init(title: String, body: Markup) {
    self.title = title
    self.body = body
  }

  public var html: String {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(title)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      \(body)</main>
      </body>
      </html>

      """
    return page.html
  }

  private static let policy: Markup =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
}
