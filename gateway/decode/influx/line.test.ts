/** The grammar, rule by rule: what a line becomes, and what is said of one that is none. */
import { describe, expect, it } from '@jest/globals';
import { isMalformed } from '../wire.ts';
import { decodeLinesOnce, pointsOf, receivedAtNs } from './testdata/points.ts';

const noes = 'm_a 0i | m_b 0i | m_c 0i | m_d 0i | m_e 0i';
/** A second before the receive time. */
const atNs = receivedAtNs - 1_000_000_000n;

function faultOf(text: string, parameters?: string): string {
  try {
    return `taken: ${pointsOf(text, parameters).join(' | ')}`;
  } catch (error) {
    if (isMalformed(error)) return error.message;
    throw error;
  }
}

describe('a line', () => {
  it.each([
    ['a float', 'm v=1.5', 'm_v 1.5'],
    ['no fraction', 'm v=1', 'm_v 1'],
    ['an open fraction', 'm v=1.', 'm_v 1'],
    ['no whole part', 'm v=.5,w=-.5', 'm_v 0.5 | m_w -0.5'],
    ['an exponent', 'm v=1e3,w=1E+3,x=15e-1,y=1.e3', 'm_v 1000 | m_w 1000 | m_x 1.5 | m_y 1000'],
    ['leading zeros', 'm v=007.50,w=007i', 'm_v 7.5 | m_w 7i'],
    ['minus zero', 'm v=-0,w=-0i', 'm_v -0 | m_w 0i'],
    ['all digits of a double', 'm v=0.1234567890123456789012345', 'm_v 0.12345678901234568'],
    ['the greatest double', 'm v=1.7976931348623157e308', 'm_v 1.7976931348623157e+308'],
    ['the least double', 'm v=5e-324', 'm_v 5e-324'],
    ['what is smaller', 'm v=1e-400', 'm_v 0'],
    ['an integer', 'm v=-3i', 'm_v -3i'],
    ['the greatest integer', 'm v=9223372036854775807i', 'm_v 9223372036854775807i'],
    ['the least integer', 'm v=-9223372036854775808i', 'm_v -9223372036854775808i'],
    ['an unsigned', 'm v=9223372036854775807u', 'm_v 9223372036854775807i'],
    [
      'an unsigned that no signed one holds',
      'm,t=a v=18446744073709551615u,w=2i',
      'm_v{influxdb.uint64=18446744073709551615,t=a} 18446744073709552000 | m_w{t=a} 2i',
    ],
    ['booleans', 'm a=t,b=T,c=true,d=True,e=TRUE', 'm_a 1i | m_b 1i | m_c 1i | m_d 1i | m_e 1i'],
    ['the other ones', 'm a=f,b=F,c=false,d=False,e=FALSE', noes],
    ['a field named value', 'm value=1', 'm 1'],
    ['a string', 'm s="a b"', 'm_info{s=a b} 1i'],
    ['an empty string', 'm s=""', 'm_info{s=} 1i'],
    ['strings beside tags', 'm,t=x b="2",v=1,a="1"', 'm_v{t=x} 1 | m_info{a=1,b=2,t=x} 1i'],
    ['a string named as a tag', 'm,t=x t="y"', 'm_info{t=x,t_1=y} 1i'],
    ['such a string among others', 'm,d=1,c=2,t=x t="y",e="3"', 'm_info{c=2,d=1,e=3,t=x,t_1=y} 1i'],
    ['such a string twice', 'm,t=x t="y",t="z"', 'm_info{t=x,t_1=y,t_1=z} 1i'],
    ['quotes in a string', 'm s="a\\"b"', 'm_info{s=a"b} 1i'],
    ['backslashes in a string', 'm s="a\\\\b\\c\\\\"', 'm_info{s=a\\b\\c\\} 1i'],
    ['separators in a string', 'm s="a,b=c #d" ', 'm_info{s=a,b=c #d} 1i'],
    ['a line feed in a string', 'm s="a\nb",v=1', 'm_v 1 | m_info{s=a\nb} 1i'],
    ['CRLF in a string', 'm s="a\r\nb"\r\n', 'm_info{s=a\r\nb} 1i'],
    ['tags in any order', 'm,b=2,a=1,c=3 v=1', 'm_v{a=1,b=2,c=3} 1'],
    ['escapes in a measurement', 'm\\,a\\ b\\=c v=1', 'm,a b\\=c_v 1'],
    ['an equals sign in a measurement', 'm=x,t=1 v=1', 'm=x_v{t=1} 1'],
    ['escapes in a tag', 'm,a\\,b\\=c\\ d=e\\,f\\=g\\ h v=1', 'm_v{a,b=c d=e,f=g h} 1'],
    ['escapes in a field', 'm a\\,b\\=c\\ d=1', 'm_a,b=c d 1'],
    ['backslashes in names', 'm\\x\\\\y,t\\z=\\\\q\\\\ v\\w=1', 'm\\x\\y_v\\w{t\\z=\\q\\} 1'],
    ['two backslashes before a comma', 'm\\\\,t=1 v=1', 'm\\_v{t=1} 1'],
    ['quotes in names', '"m",t="a" "v"=1', '"m"_"v"{t="a"} 1'],
    ['a sharp in names', 'm#,t#=#a v#=1', 'm#_v#{t#=#a} 1'],
    ['UTF-8', 'Größe,ort=Köln länge=1', 'Größe_länge{ort=Köln} 1'],
    ['names that begin with an underscore', '_m,_t=a _v=1', '_m__v{_t=a} 1'],
    ['a field that comes twice', 'm v=1,v=2', 'm_v 1 | m_v 2'],
    ['spaces between the parts', 'm,t=a  v=1  1795003199000000000 ', `m_v{t=a} 1 @${atNs}`],
    ['space before it', ' \tm v=1', 'm_v 1'],
    ['a time', `m v=1 ${atNs}`, `m_v 1 @${atNs}`],
  ])('may have %s', (_, text, expected) => {
    expect(faultOf(text)).toBe(`taken: ${expected}`);
  });

  it.each([
    ['no measurement', ',t=a v=1', 'missing measurement'],
    ['no fields', 'm', 'missing fields'],
    ['no fields behind a space', 'm ', 'missing fields'],
    ['no fields behind tags', 'm,t=a', 'missing fields'],
    ['no fields but a time', 'm 1795003199000000000', 'invalid field format'],
    ['tags behind a space', 'm ,t=a v=1', 'invalid field format'],
    ['no tag', 'm, v=1', 'missing tag key'],
    ['a tag without a key', 'm,=a v=1', 'missing tag key'],
    ['a tag without a value', 'm,t= v=1', 'missing tag value'],
    ['a tag without an equals sign', 'm,t v=1', 'missing tag value'],
    ['a tag with two', 'm,t=a=b v=1', 'invalid tag format'],
    ['a tag that ends in a backslash', 'm,t=a\\ v=1', 'invalid tag format'],
    ['a tag twice', 'm,t=a,u=c,t=b v=1', 'duplicate tags'],
    ['a tag of the resource twice', 'm,host=a,host=b v=1', 'duplicate tags'],
    ['a tag named time', 'm,time=1 v=1', 'a tag may not be named time'],
    ['a tag named _field', 'm,_field=1 v=1', 'a tag may not be named time'],
    ['a field named time', 'm time=1,v=2', 'a field may not be named time'],
    ['a field without a key', 'm =1', 'missing field key'],
    ['a field without a value', 'm v=', 'missing field value'],
    ['a field without a value before the time', 'm v= 1', 'missing field value'],
    ['a field without an equals sign', 'm v', 'invalid field format'],
    ['a comma behind the fields', 'm v=1, 1', 'invalid field format'],
    ['two commas', 'm v=1,,w=2', 'invalid field format'],
    ['a word for a value', 'm v=abc', 'invalid value'],
    ['single quotes', "m v='a'", 'invalid value'],
    ['a boolean of mixed case', 'm v=tRUE', 'invalid boolean'],
    ['a boolean that goes on', 'm v=truer', 'invalid boolean'],
    ['no digits', 'm v=-', 'invalid number'],
    ['a lone point', 'm v=.', 'invalid number'],
    ['two points', 'm v=1.5.5', 'invalid number'],
    ['an exponent without digits', 'm v=1e', 'invalid number'],
    ['a plus', 'm v=+1', 'invalid value'],
    ['hexadecimal', 'm v=0x10', 'invalid number'],
    ['a fraction of an integer', 'm v=1.0i', 'invalid number'],
    ['NaN', 'm v=NaN', 'invalid value'],
    ['infinity', 'm v=-inf', 'invalid number'],
    ['a double too great', 'm v=1e309', 'number out of range'],
    ['an integer too great', 'm v=9223372036854775808i', 'number out of range'],
    ['an integer too small', 'm v=-9223372036854775809i', 'number out of range'],
    ['an unsigned too great', 'm v=18446744073709551616u', 'number out of range'],
    ['an unsigned below zero', 'm v=-1u', 'number out of range'],
    ['an open string', 'm s="a', 'unbalanced quotes'],
    ['a string that ends in a backslash', 'm s="a\\"', 'unbalanced quotes'],
    ['something behind a string', 'm s="a"b', 'invalid field format'],
    ['a time that is none', 'm v=1 now', 'bad timestamp'],
    ['a time with a fraction', 'm v=1 1.5', 'bad timestamp'],
    ['two times', 'm v=1 1 1', 'bad timestamp'],
    ['a tab before the time', 'm v=1\t1', 'invalid number'],
    ['a time too great', 'm v=1 9223372036854775807', 'time outside range'],
    ['a time too small', 'm v=1 -9223372036854775807', 'time outside range'],
    ['tags of more than 65535 bytes', `m,t=${'a'.repeat(65_536)} v=1`, 'measurement and tags'],
    ['more than 65536 fields', `m ${'v=1,'.repeat(65_536)}w=1`, 'more than 65536 fields'],
  ])('is bad with %s', (_, text, message) => {
    expect(faultOf(text)).toMatch(/^lines? 1( to \d)?: unable to parse '/);
    expect(faultOf(text)).toMatch(`': ${message}`);
    // Neither does it cost its neighbours.
    const { result } = decodeLinesOnce(new Uint8Array(Buffer.from(`a v=1\n${text}\nb v=2\n`)));
    const told = expect.stringMatching(`^line 2: unable to parse '.*': ${message}`);
    expect(result).toMatchObject({ outcome: 'decoded', accepted: 2, rejected: 1, message: told });
  });

  it.each([
    ['ns', '1795003199123456789', '1795003199123456789'],
    ['us', '1795003199123456', '1795003199123456000'],
    ['ms', '1795003199123', '1795003199123000000'],
    ['s', '1795003199', '1795003199000000000'],
    ['m', '29916719', '1795003140000000000'],
    ['h', '498611', '1794999600000000000'],
    ['auto', '1795003199', '1795003199000000000'],
    ['auto', '1795003199123', '1795003199123000000'],
    ['auto', '1795003199123456', '1795003199123456000'],
    ['auto', '1795003199123456789', '1795003199123456789'],
    ['auto', '4999999999', '4999999999000000000'],
    ['auto', '5000000000', '5000000000000000'],
    ['s', '9223372036', '9223372036000000000'],
    ['h', '2562047', '9223369200000000000'],
  ])('has a time in %s: %s', (precision, given, expected) => {
    expect(faultOf(`m v=1 ${given}`, `precision=${precision}`)).toBe(`taken: m_v 1 @${expected}`);
  });

  it.each([
    ['us', '9223372036854776'],
    ['ms', '9223372036855'],
    ['s', '9223372037'],
    ['m', '153722868'],
    ['h', '2562048'],
    ['ns', '99999999999999999999999'],
    ['s', '-9223372037'],
  ])('has no time beyond 64 bits of nanoseconds: %s %s', (precision, given) => {
    expect(faultOf(`m v=1 ${given}`, `precision=${precision}`)).toMatch('time outside range');
  });

  it('says by its tags what sent it', () => {
    const tags = 'version=2,service=shop,region=eu,host=web-1,env=prod';
    const sender = 'deployment.environment.name=prod,host.name=web-1,service.name=shop';
    expect(pointsOf(`m,${tags} v=1`)).toEqual([`m_v{region=eu} 1 [${sender},service.version=2]`]);
    expect(pointsOf('m,service.name=a v=1\nm,service=b,service.name=a v=1')).toEqual([
      'm_v 1 [service.name=a]',
      'm_v{service=b} 1 [service.name=a]',
    ]);
  });

  it('says by its address where InfluxDB would have put it', () => {
    const place = 'db=telegraf&rp=autogen&org=o%20%26&bucket=b';
    const from = 'host.name=a,influxdb.bucket=b,influxdb.database=telegraf,influxdb.org=o &';
    expect(pointsOf('m,host=a,service=s v=1', `precision=ns&${place}`)).toEqual([
      `m_v 1 [${from},influxdb.retention_policy=autogen,service.name=s]`,
    ]);
  });
});
