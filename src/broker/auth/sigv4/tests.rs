use super::*;

#[test]
fn a_key_of_s3_has_one_spelling_and_a_query_stays_as_it_is() {
    for (target, read) in [
        ("/bucket/a%20b", "/bucket/a%20b"),
        ("/bucket/(a)!*+,:=@$&", "/bucket/%28a%29%21%2A%2B%2C%3A%3D%40%24%26"),
        ("/bucket/%28a%29", "/bucket/%28a%29"),
        ("/bucket/%c3%a9~_-.", "/bucket/%C3%A9~_-."),
        ("/bucket?list-type=2&prefix=a%2fb+c", "/bucket?list-type=2&prefix=a%2fb+c"),
        ("/", "/"),
        ("/?", "/?"),
    ] {
        assert_eq!(as_read(target, AwsRules::S3), read);
        assert_eq!(as_read(target, AwsRules::General), target);
    }
}
