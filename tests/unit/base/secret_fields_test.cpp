#include <catch2/catch.hpp>

#include "core/base/redact.hpp"
#include "tests/unit/base/fake_keys.hpp"

using namespace delegate;
using namespace delegate::test;

TEST_CASE("values of headers, assignments and URLs are removed") {
  const Redactor redact(Variables{});
  struct Row {
    const char* text;
    const char* clean;
  };
  for (const Row& row : std::vector<Row>{
           {"Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted]"},
           {"authorization: basic dXNlcjpwYXNz", "authorization: basic [redacted]"},
           {"sent Bearer a1b2c3d4e5/f+g== there", "sent [redacted] there"},
           {"cookie: session=9f8e7d; theme=dark", "cookie: [redacted]"},
           {"Set-Cookie: id=a3fWa; Path=/\nnext", "Set-Cookie: [redacted]\nnext"},
           {R"({"cookie":"session=9f8e7d"})", R"({"cookie":"[redacted]"})"},
           {"the cookie: a crumb", "the cookie: a crumb"},
           {"Authorization: ApiKey abcd1234", "Authorization: ApiKey [redacted]"},
           {"Authorization: Key abcd1234", "Authorization: Key [redacted]"},
           {"Authorization: NoScheme abcd1234", "Authorization: NoScheme [redacted]"},
           {"Authorization: part1234 abcd1234", "Authorization: [redacted]"},
           {"Authorization: abcd1234", "Authorization: [redacted]"},
           {"-H 'Authorization: Negotiate YII1abcd' -v", "-H 'Authorization: Negotiate [redacted]' -v"},
           {"Authorization: Digest username=\"Mufasa\", nc=00000001, response=\"6629fae4\"\nnext",
            "Authorization: Digest [redacted]\nnext"},
           {R"({"Authorization":"Digest username=\"Mufasa\", response=\"6629fae4\"","x":1})",
            R"({"Authorization":"Digest [redacted]","x":1})"},
           {R"({\"Authorization\":\"Digest username=\\\"Mufasa\\\", response=\\\"6629fae4\\\"\",\"x\":1})",
            R"({\"Authorization\":\"Digest [redacted]\",\"x\":1})"},
           {"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830, Signature=5d672d79",
            "Authorization: AWS4-HMAC-SHA256 [redacted]"},
           {R"({"Cookie":"a=\"1\"; b=2","x":1})", R"({"Cookie":"[redacted]","x":1})"},
           {"sent Basic dXNlcjpwYXNzd29yZA there", "sent [redacted] there"},
           {"x-api-key: abc123def", "x-api-key: [redacted]"},
           {R"({"apiKey":"abcdefgh"})", R"({"apiKey":"[redacted]"})"},
           {R"({\"api_key\": \"abcdefgh\"})", R"({\"api_key\": \"[redacted]\"})"},
           {"api_key=abcdefgh&x=1", "api_key=[redacted]&x=1"},
           {"GET /v1?key=abcdef12&x=1", "GET /v1?key=[redacted]&x=1"},
           {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPx", "aws_secret_access_key = [redacted]"},
           {"Cookie: sid=\"9f8e7d\"; b=2\nnext", "Cookie: [redacted]\nnext"},
           {R"(> Cookie: a=1; b="x"; c=3\r\n)", R"(> Cookie: [redacted]\r\n)"},
           {"password='correct'", "password='[redacted]'"},
           {R"("password": "correct horse battery")", R"("password": "[redacted]")"},
           {R"({\"password\":\"correct horse\"})", R"({\"password\":\"[redacted]\"})"},
           {"password := hunter22", "password := [redacted]"},
           {"OPENAI_KEY=abcdefg7", "OPENAI_KEY=[redacted]"},
           {"export AZURE_OPENAI_KEY='abcdefg7'", "export AZURE_OPENAI_KEY='[redacted]'"},
           {"DEPLOY_PAT: abcd1234", "DEPLOY_PAT: [redacted]"},
           {"openai_key=abcdefg7", "openai_key=[redacted]"},
           {"azure-openai-key: abcdefg7", "azure-openai-key: [redacted]"},
           {R"({"geminiKey":"abcdefg7"})", R"({"geminiKey":"[redacted]"})"},
           {"deploy_key=4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5", "deploy_key=[redacted]"},
           {R"({"credentials": "abcdefg7"})", R"({"credentials": "[redacted]"})"},
           {"tool --api-key abcdefg7 --next", "tool --api-key [redacted] --next"},
           {"tool -token abcdefg7", "tool -token [redacted]"},
           {"tool --token=abcdefgh", "tool --token=[redacted]"},
           {"tool --password \"correct horse\"", "tool --password \"[redacted]\""},
           {R"(["--api-key", "abcdefg7", "-x"])", R"(["--api-key", "[redacted]", "-x"])"},
           {R"([\"--api-key\",\"abcdefg7\"])", R"([\"--api-key\",\"[redacted]\"])"},
           {R"({\\\"api_key\\\": \\\"abcdefgh\\\"})", R"({\\\"api_key\\\": \\\"[redacted]\\\"})"},
           {R"({\u0022api_key\u0022:\u0022abcdefg7\u0022})", R"({\u0022api_key\u0022:\u0022[redacted]\u0022})"},
           {"%22api_key%22%3A%22abcdefg7%22%7D", "%22api_key%22%3A%22[redacted]%22%7D"},
           {"q?api_key%3Dabcdefg7", "q?api_key%3D[redacted]"},
           {"&quot;api_key&quot;: &quot;abcdefg7&quot;", "&quot;api_key&quot;: &quot;[redacted]&quot;"},
           {"<password>hunter</password>", "<password>[redacted]</password>"},
           {"SECRET=x://abcdefgh", "SECRET=[redacted]"},
           {"API_TOKEN=https://user:pw@host/path1", "API_TOKEN=[redacted]"},
           {R"({"password":"https://abcd"})", R"({"password":"[redacted]"})"},
           {"api key: abcd1234", "api key: [redacted]"},
           {"AccountName=x;AccountKey=abcd1234abcd==;EndpointSuffix=y",
            "AccountName=x;AccountKey=[redacted];EndpointSuffix=y"},
           {"SharedAccessKey=abcd1234abcd=", "SharedAccessKey=[redacted]"},
           {"https://x.example/c?sv=2&sig=a%2Fb%3D1234&se=1", "https://x.example/c?sv=2&sig=[redacted]&se=1"},
           {"?sig=%2Fab1234%3D", "?sig=[redacted]"},
           {"?X-Amz-Signature=0fa4e5ecd1&x=1", "?X-Amz-Signature=[redacted]&x=1"},
           {"Ocp-Apim-Subscription-Key: abcd1234", "Ocp-Apim-Subscription-Key: [redacted]"},
           {"DB_PASSWORD: hunter22", "DB_PASSWORD: [redacted]"},
           {"postgres://anna:hunter@db/x", "postgres://[redacted]@db/x"},
           {"https://a1b2c3d4e5f6a7b8c9d0@git.example/x", "https://[redacted]@git.example/x"},
       }) {
    CHECK(redact(row.text) == row.clean);
    CHECK(redact(redact(row.text)) == row.clean);
  }
}
